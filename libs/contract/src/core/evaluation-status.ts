/** Verdict of an evaluation. (`core/evaluation_status.schema.json`) */
export const EVALUATION_STATUSES = ['success', 'fail', 'unknown'] as const;

export type EvaluationStatus = (typeof EVALUATION_STATUSES)[number];
