import { RUN_STATES } from '#contract';
import { canRunMove, isRunTerminal } from './run-state.js';

describe('the states of a run', () => {
  const allowed = [
    'queued>running',
    'queued>failed',
    'queued>canceled',
    'running>succeeded',
    'running>failed',
    'running>canceled',
  ];

  it('allows these moves of all pairs, and no other', () => {
    const found = RUN_STATES.flatMap((from) =>
      RUN_STATES.filter((to) => canRunMove(from, to)).map((to) => `${from}>${to}`),
    );
    expect(found.sort()).toEqual([...allowed].sort());
  });

  it('never leaves a terminal state', () => {
    expect(RUN_STATES.filter(isRunTerminal)).toEqual(['succeeded', 'failed', 'canceled']);
  });
});
