import { NODE_RUN_STATES } from '#contract';
import { canNodeRunMove, isNodeRunTerminal } from './node-run-state.js';

describe('the states of a node run', () => {
  const allowed = [
    'queued>assigned',
    'queued>failed',
    'queued>canceled',
    'assigned>running',
    'assigned>queued',
    'assigned>failed',
    'assigned>canceled',
    'running>succeeded',
    'running>failed',
    'running>canceled',
    'running>queued',
  ];

  it('allows these moves of all pairs, and no other', () => {
    const found = NODE_RUN_STATES.flatMap((from) =>
      NODE_RUN_STATES.filter((to) => canNodeRunMove(from, to)).map((to) => `${from}>${to}`),
    );
    expect(found.sort()).toEqual([...allowed].sort());
  });

  it('never leaves a terminal state', () => {
    expect(NODE_RUN_STATES.filter(isNodeRunTerminal)).toEqual(['succeeded', 'failed', 'canceled']);
  });
});
