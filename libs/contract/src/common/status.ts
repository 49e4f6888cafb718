/** Condition of a service or dependency. (`common/status.schema.json`) */
export const STATUSES = ['ok', 'degraded', 'down'] as const;

export type Status = (typeof STATUSES)[number];
