import { NODE_RUN_ERROR_CATALOGUE } from '#contract';
import type { EvaluationResult, NodeRunCompleteRequest, NodeRunErrorCode, NodeRunState } from '#contract';
import { fingerprint } from '../sharding/fingerprint.js';
import type { NodeRunResultEntity, StoredError } from '../tables/node-run-documents.entity.js';
import { approvalIdOf, approvalTimerOf, isApprovable } from './approval-id.js';
import type { NodeRunEntity } from '../tables/node-run.entity.js';
import type { Overspending } from './budgets.js';
import type { NewRunEvent, RunDraft } from './run-draft.js';

/** How a node run ended. */
export interface Outcome {
  readonly state: Extract<NodeRunState, 'succeeded' | 'failed' | 'canceled'>;
  readonly outputs?: Record<string, unknown>;
  readonly output_artifacts?: NodeRunCompleteRequest['output_artifacts'];
  readonly error?: StoredError;
}

const CANCELED: Outcome = { state: 'canceled' };
/** The process that cancels tells the executor at once; when it could not, any process does after this time. */
const NOTICE_AFTER_MS = 2_000;

/** A failure with a code of the catalogue. */
export function failure(
  code: NodeRunErrorCode,
  message: string = NODE_RUN_ERROR_CATALOGUE[code].message,
  details?: Record<string, unknown>,
): Outcome {
  const { retryable } = NODE_RUN_ERROR_CATALOGUE[code];
  return { state: 'failed', error: { code, message, retryable, ...(details === undefined ? {} : { details }) } };
}

/**
 * Ends an open node run: its result, everything open below it (nothing works for a parent that has ended), the run when it was
 * the root, and the events. When it can have children, the open node runs of the run must be loaded.
 *
 * @param events what is said of the end, before `run_completed`
 * @param reported what the executor said, when the outcome is another: said again, it is the same completion
 */
export function endNodeRun(
  draft: RunDraft,
  nodeRun: Readonly<NodeRunEntity>,
  outcome: Outcome,
  events: readonly NewRunEvent[],
  reported: Outcome = outcome,
): void {
  for (const below of nodeRun.child_count > 0 ? draft.openBelow(nodeRun.node_run_id) : []) cancelNodeRun(draft, below);
  close(draft, nodeRun, outcome, reported);
  draft.append(...events);
  if (nodeRun.node_run_id === draft.head.root_node_run_id) completeRun(draft, outcome);
}

/** Cancels one open node run, without looking at what is around it. Who works on it is told after the commit. */
export function cancelNodeRun(draft: RunDraft, nodeRun: Readonly<NodeRunEntity>): void {
  tellExecutor(draft, nodeRun);
  close(draft, nodeRun, CANCELED, CANCELED);
  draft.append(...saidOfEnd(draft, nodeRun.node_run_id, CANCELED));
}

/** Ends the root and with it the run because a budget does not suffice. The open node runs must be loaded. */
export function failRunOverBudget(draft: RunDraft, overspending: Overspending): void {
  const root = draft.find(draft.head.root_node_run_id);
  if (root === undefined) throw new Error(`the root of run ${draft.runId} is not loaded`);
  const outcome = overBudget(overspending);
  const event = evaluated(root.node_run_id, {
    status: 'fail',
    reason_code: 'budget_exceeded',
    ...(outcome.error === undefined ? {} : { message: outcome.error.message }),
    details: { ...overspending },
  });
  tellExecutor(draft, root);
  endNodeRun(draft, root, outcome, [event]);
}

/** How the root ends when a budget of the run does not suffice. */
export function overBudget({ budget, limit, used }: Overspending): Outcome {
  const message = `The run may use ${limit} (budgets.${budget}); ${used} is more.`;
  return failure('budget_exceeded', message, { budget, limit, used });
}

/** An executor that works on a node run which ends without it is told to stop. */
export function tellExecutor(draft: RunDraft, nodeRun: Readonly<NodeRunEntity>): void {
  if (nodeRun.state === 'queued') return;
  const dueAt = new Date(draft.now.getTime() + NOTICE_AFTER_MS);
  draft.setTimer({ kind: 'cancel_notice', node_run_id: nodeRun.node_run_id, due_at: dueAt });
  draft.changes.canceledWhileHeld.push(nodeRun);
}

export function evaluated(nodeRunId: string, evaluation: EvaluationResult): NewRunEvent {
  return { type: 'node_evaluated', nodeRunId, data: evaluation };
}

/** Says that a node run ended without an evaluation of its own. Of the root `run_completed` says it. */
export function saidOfEnd(draft: RunDraft, nodeRunId: string, { state, error }: Outcome): NewRunEvent[] {
  if (nodeRunId === draft.head.root_node_run_id) return [];
  if (state === 'succeeded') return [evaluated(nodeRunId, { status: 'success', reason_code: 'completed' })];
  if (state === 'canceled') return [evaluated(nodeRunId, { status: 'unknown', reason_code: 'canceled' })];
  const message = error === undefined ? {} : { message: error.message };
  return [evaluated(nodeRunId, { status: 'fail', reason_code: error?.code ?? 'failed', ...message })];
}

/** Two completions are the same when their state and their results are. */
export function outcomeHash(outcome: Outcome): string {
  return fingerprint(outcome);
}

/** The row that keeps an outcome, known by what was `reported`. */
export function resultOf(
  { bucket, node_run_id }: Pick<NodeRunEntity, 'bucket' | 'node_run_id'>,
  outcome: Outcome,
  reported: Outcome = outcome,
): NodeRunResultEntity {
  return {
    bucket,
    node_run_id,
    result_hash: outcomeHash(reported),
    outputs: outcome.outputs ?? null,
    output_artifacts: outcome.output_artifacts ?? null,
    error: outcome.error ?? null,
  };
}

/** The row, its result, and what waited for it. */
function close(draft: RunDraft, nodeRun: Readonly<NodeRunEntity>, outcome: Outcome, reported: Outcome): void {
  const { node_run_id, kind } = nodeRun;
  if (nodeRun.state === 'queued') draft.dequeue(node_run_id);
  else draft.letGo(node_run_id);
  if (kind === 'composite' || wallTimeOf(draft, node_run_id) !== undefined) {
    draft.dropTimer('node_run_deadline', node_run_id);
  }
  withdrawApproval(draft, nodeRun);
  if (outcome.state === 'succeeded') passThrough(draft, nodeRun);
  draft.updateNodeRun(node_run_id, { state: outcome.state, ended_at: draft.now });
  draft.insertResult(resultOf(nodeRun, outcome, reported));
}

/** Nobody is asked any more about what has ended. */
function withdrawApproval(draft: RunDraft, { bucket, node_run_id, approval }: Readonly<NodeRunEntity>): void {
  if (!isApprovable(approval)) return;
  draft.changes.settledApprovals.push({
    bucket,
    approval_id: approvalIdOf(approval, node_run_id),
    state: 'withdrawn',
    decided_by: null,
    decided_at: draft.now,
    comment: null,
  });
  draft.updateNodeRun(node_run_id, { approval: null });
  draft.dropTimer(approvalTimerOf(approval), node_run_id);
}

/** The wall time that holds for a node run, in milliseconds; its timer exists only when it is the node run's own. */
function wallTimeOf(draft: RunDraft, nodeRunId: string): number | undefined {
  return draft.documentsOf(nodeRunId)?.constraints?.budgets?.max_wall_time_ms;
}

/** A success that an executor reports by itself implies that the node run was assigned and running. */
function passThrough(draft: RunDraft, { node_run_id, state, started_at }: Readonly<NodeRunEntity>): void {
  if (state === 'queued') draft.updateNodeRun(node_run_id, { state: 'assigned' });
  if (state !== 'running') draft.updateNodeRun(node_run_id, { state: 'running', started_at: started_at ?? draft.now });
}

function completeRun(draft: RunDraft, { state, error }: Outcome): void {
  if (draft.head.state === 'queued' && state === 'succeeded') draft.moveRun('running');
  const reason = state === 'failed' && error !== undefined ? { error_code: error.code } : {};
  draft.append({ type: 'run_completed', data: { state, ...reason } });
  draft.moveRun(state);
  if (draft.head.deadline_at !== null) draft.dropTimer('run_deadline', '');
}
