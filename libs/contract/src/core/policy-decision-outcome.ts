/** What policy can say. (`core/policy_decision_outcome.schema.json`) */
export const POLICY_DECISION_OUTCOMES = ['allow', 'deny', 'require_approval'] as const;

export type PolicyDecisionOutcome = (typeof POLICY_DECISION_OUTCOMES)[number];
