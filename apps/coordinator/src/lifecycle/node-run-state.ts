import type { NodeRunState } from '#contract';

/**
 * queued -> assigned -> running -> succeeded, failed or canceled. An assigned or running node run may go back to queued (lost
 * lease, retry); any open one may fail or be canceled. Terminal states never change.
 *
 * A completion that an executor reports for a node run that this coordinator did not dispatch itself (auto-dispatch is off)
 * implies that it was assigned and running: it may end from any open state.
 */
export const NODE_RUN_TRANSITIONS: Readonly<Record<NodeRunState, readonly NodeRunState[]>> = {
  queued: ['assigned', 'failed', 'canceled'],
  assigned: ['running', 'queued', 'failed', 'canceled'],
  running: ['succeeded', 'failed', 'canceled', 'queued'],
  succeeded: [],
  failed: [],
  canceled: [],
};

export function canNodeRunMove(from: NodeRunState, to: NodeRunState): boolean {
  return NODE_RUN_TRANSITIONS[from].includes(to);
}

export function isNodeRunTerminal(state: NodeRunState): boolean {
  return NODE_RUN_TRANSITIONS[state].length === 0;
}
