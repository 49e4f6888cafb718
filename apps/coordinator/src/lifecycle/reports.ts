import { AppError } from '#contract';
import type { NodeRunEvaluationReportRequest } from '#contract';
import type { NodeRunEntity } from '../tables/node-run.entity.js';
import { approvalIdOf, isApprovable } from './approval-id.js';
import type { Usage } from './budgets.js';
import { saidOfEnd, endNodeRun, evaluated, outcomeHash } from './end-node-run.js';
import type { Outcome } from './end-node-run.js';
import { failRunWhenOverspent, spend, withinBudget } from './execution.js';
import { isNodeRunTerminal } from './node-run-state.js';
import type { RunDraft } from './run-draft.js';

/**
 * Records an evaluation, and the recovery action that was decided with it. Reports are appended, never overwritten; the same
 * idempotency key again records nothing.
 *
 * @throws AppError node_run_not_found, node_run_already_terminal
 */
export function evaluateNodeRun(
  draft: RunDraft,
  nodeRunId: string,
  { evaluation_result, recovery_action }: NodeRunEvaluationReportRequest,
  idempotencyKey: string | undefined,
): void {
  const nodeRun = draft.find(nodeRunId);
  if (nodeRun === undefined) throw nodeRunNotFound(nodeRunId);
  if (idempotencyKey !== undefined && draft.hasReport(nodeRunId, idempotencyKey)) return;
  if (isNodeRunTerminal(nodeRun.state)) throw alreadyTerminal(nodeRunId, nodeRun.state);
  draft.insertReport({
    node_run_id: nodeRunId,
    evaluation_result,
    recovery_action: recovery_action ?? null,
    idempotency_key: idempotencyKey ?? null,
  });
  draft.append(evaluated(nodeRunId, evaluation_result));
  if (recovery_action !== undefined) draft.append({ type: 'recovery_applied', nodeRunId, data: recovery_action });
}

/**
 * Ends a node run as its executor reports. The same completion again is accepted without effect. The open node runs of the run
 * and the documents must be loaded.
 *
 * @throws AppError node_run_not_found, node_run_already_terminal, approval_required
 */
export function completeNodeRun(draft: RunDraft, nodeRunId: string, reported: Outcome, usage: Usage): void {
  const nodeRun = draft.find(nodeRunId);
  if (nodeRun === undefined) throw nodeRunNotFound(nodeRunId);
  if (isNodeRunTerminal(nodeRun.state)) {
    if (draft.documentsOf(nodeRunId)?.result_hash === outcomeHash(reported)) return;
    throw alreadyTerminal(nodeRunId, nodeRun.state);
  }
  if (reported.state === 'succeeded') refuseParked(nodeRun);
  spend(draft, usage);
  const outcome = withinBudget(draft, nodeRun, reported, draft.started?.constraints);
  endNodeRun(draft, nodeRun, outcome, saidOfEnd(draft, nodeRunId, outcome), reported);
  failRunWhenOverspent(draft, draft.started?.constraints);
}

/**
 * Refuses who reports with the assignment token of an earlier epoch: the node run was handed out again since.
 *
 * @param epoch of the token; undefined: the request carried none
 * @throws AppError assignment_mismatch
 */
export function refuseSuperseded(draft: RunDraft, nodeRunId: string, epoch: number | undefined): void {
  const nodeRun = draft.find(nodeRunId);
  if (epoch === undefined || nodeRun === undefined || nodeRun.epoch === epoch) return;
  throw new AppError('assignment_mismatch', {
    message: `The assignment token is of an earlier hand-over of ${nodeRunId}; it was handed out again since.`,
    details: { node_run_id: nodeRunId },
  });
}

/** What waits for an approval has not been done, whoever says so. It may fail. */
function refuseParked({ node_run_id, approval }: Readonly<NodeRunEntity>): void {
  if (!isApprovable(approval)) return;
  throw new AppError('approval_required', {
    details: { node_run_id, approval_id: approvalIdOf(approval, node_run_id) },
  });
}

export function nodeRunNotFound(nodeRunId: string): AppError {
  return new AppError('node_run_not_found', {
    message: `There is no node run ${nodeRunId}.`,
    details: { node_run_id: nodeRunId },
  });
}

function alreadyTerminal(nodeRunId: string, state: string): AppError {
  return new AppError('node_run_already_terminal', {
    message: `The node run ${nodeRunId} has ended (${state}); a terminal state never changes.`,
    details: { node_run_id: nodeRunId, state },
  });
}
