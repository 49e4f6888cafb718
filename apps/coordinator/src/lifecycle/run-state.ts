import type { RunState } from '#contract';

/**
 * queued -> running -> succeeded, failed or canceled; queued may also fail (policy) or be canceled. Terminal states never change.
 */
export const RUN_TRANSITIONS: Readonly<Record<RunState, readonly RunState[]>> = {
  queued: ['running', 'failed', 'canceled'],
  running: ['succeeded', 'failed', 'canceled'],
  succeeded: [],
  failed: [],
  canceled: [],
};

export function canRunMove(from: RunState, to: RunState): boolean {
  return RUN_TRANSITIONS[from].includes(to);
}

export function isRunTerminal(state: RunState): boolean {
  return RUN_TRANSITIONS[state].length === 0;
}
