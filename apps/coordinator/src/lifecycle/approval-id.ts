import type { ApprovableAction, NodeRunApproval } from '../tables/node-run.entity.js';

/** Whether a node run waits. */
export function isApprovable(approval: NodeRunApproval | undefined): approval is ApprovableAction {
  return approval === 'run.start' || approval === 'node.run.execute';
}

/** The timer that expires it. Each action has its own: one that fires late must not expire what the node run waits for next. */
export function approvalTimerOf(action: ApprovableAction): 'approval_expiry' | 'start_approval_expiry' {
  return action === 'run.start' ? 'start_approval_expiry' : 'approval_expiry';
}

const APPROVAL_ID = /^approval_(start_)?([0-9a-f]{32})$/;

/** The id of the approval of an action of a node run: there is one of each at most, and its id tells both. */
export function approvalIdOf(action: ApprovableAction, nodeRunId: string): string {
  const hex = nodeRunId.replace(/^node_run_/, '');
  return action === 'run.start' ? `approval_start_${hex}` : `approval_${hex}`;
}

/** What an approval id says; undefined when it is none of ours. */
export function readApprovalId(
  approvalId: string,
): { readonly action: ApprovableAction; readonly nodeRunId: string } | undefined {
  const match = APPROVAL_ID.exec(approvalId);
  if (match?.[2] === undefined) return undefined;
  return { action: match[1] === undefined ? 'node.run.execute' : 'run.start', nodeRunId: `node_run_${match[2]}` };
}
