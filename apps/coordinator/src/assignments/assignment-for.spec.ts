import type { Principal, RequestContext } from '#contract';
import { assignmentFor } from './assignment-for.js';

const assignment = { runId: 'run_1', nodeRunId: 'node_run_1', epoch: 3 };
const ctxOf = (principal: Principal): RequestContext => ({
  principal,
  trace: { traceId: '0'.repeat(31) + '1', spanId: '0'.repeat(15) + '1', flags: '00' },
  requestId: 'r1',
  signal: new AbortController().signal,
});

describe('the assignment of a caller', () => {
  it('is that of his token', () => {
    expect(assignmentFor(ctxOf({ subject: 'node-run:node_run_1', assignment }), 'node_run_1')).toBe(assignment);
  });

  it('is none for whoever has another kind of token', () => {
    expect(assignmentFor(ctxOf({ subject: 'alice' }), 'node_run_1')).toBeUndefined();
  });

  it('is refused for another node run', () => {
    expect(() => assignmentFor(ctxOf({ subject: 'x', assignment }), 'node_run_2')).toThrow(
      expect.objectContaining({
        code: 'assignment_mismatch',
        message: 'The assignment token is for the node run node_run_1, not for node_run_2.',
      }),
    );
  });
});
