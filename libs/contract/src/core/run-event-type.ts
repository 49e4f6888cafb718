/** What can happen in a run. (`core/run_event_type.schema.json`) */
export const RUN_EVENT_TYPES = [
  'run_started',
  'node_run_assigned',
  'composite_decomposed',
  'candidate_set_generated',
  'subtask_mapped',
  'atomic_executed',
  'node_evaluated',
  'recovery_applied',
  'policy_decided',
  'run_completed',
] as const;

export type RunEventType = (typeof RUN_EVENT_TYPES)[number];
