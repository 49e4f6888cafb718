/** State of a run; the last three are terminal. (`core/run_state.schema.json`) */
export const RUN_STATES = ['queued', 'running', 'succeeded', 'failed', 'canceled'] as const;

export type RunState = (typeof RUN_STATES)[number];
