/** How a node run can end. (`core/node_run_terminal_state.schema.json`) */
export const NODE_RUN_TERMINAL_STATES = ['succeeded', 'failed', 'canceled'] as const;

export type NodeRunTerminalState = (typeof NODE_RUN_TERMINAL_STATES)[number];
