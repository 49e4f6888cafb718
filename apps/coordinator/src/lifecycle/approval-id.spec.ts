import { newNodeRunId } from '../sharding/bucket.js';
import { approvalIdOf, approvalTimerOf, isApprovable, readApprovalId } from './approval-id.js';

const APPROVABLE_ACTIONS = ['run.start', 'node.run.execute'] as const;

describe('approval ids', () => {
  it('say the node run and the action, each its own', () => {
    const nodeRunId = newNodeRunId(7);
    const ids = APPROVABLE_ACTIONS.map((action) => {
      const id = approvalIdOf(action, nodeRunId);
      expect(readApprovalId(id)).toEqual({ action, nodeRunId });
      return id;
    });
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(APPROVABLE_ACTIONS.map(approvalTimerOf)).size).toBe(ids.length);
  });

  it.each([
    '',
    'approval_',
    'approval_%',
    `approval_${'_'.repeat(32)}`,
    `approval_${'A'.repeat(32)}`,
    `approval_${'a'.repeat(31)}`,
    `approval_${'a'.repeat(33)}`,
    `approval_start_start_${'a'.repeat(32)}`,
    `approval_${'a'.repeat(32)}\n`,
    `node_run_${'a'.repeat(32)}`,
  ])('%j is none', (id) => {
    expect(readApprovalId(id)).toBeUndefined();
  });

  it('only what waits is approvable', () => {
    expect([...APPROVABLE_ACTIONS, 'approved', null, undefined].map((one) => isApprovable(one as null))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
