/** State of a node run; the last three are terminal. (`core/node_run_state.schema.json`) */
export const NODE_RUN_STATES = ['queued', 'assigned', 'running', 'succeeded', 'failed', 'canceled'] as const;

export type NodeRunState = (typeof NODE_RUN_STATES)[number];
