import type { ConstraintEnvelope, EvaluationResult, NodeKind, PolicyDecision } from '#contract';
import type { NodeRunEntity } from '../tables/node-run.entity.js';
import { isApprovable } from './approval-id.js';
import { awaitApproval } from './approvals.js';
import type { ApprovalRequest } from './approvals.js';
import { addedCount, overspending, overspendingOfBegin } from './budgets.js';
import type { Overspending, Usage } from './budgets.js';
import { expireNodeRun, expireRun } from './cancel-run.js';
import { endNodeRun, evaluated, failRunOverBudget, failure, overBudget, saidOfEnd } from './end-node-run.js';
import type { Outcome } from './end-node-run.js';
import { isNodeRunTerminal } from './node-run-state.js';
import { policyDecidedEvent } from './policy-decided-event.js';
import type { NewRunEvent, RunDraft } from './run-draft.js';

/** What a dispatcher holds: a node run and the epoch that fences every later write. */
export interface Hold {
  readonly nodeRunId: string;
  readonly epoch: number;
}

/** A node run that was just taken. */
export interface Begun extends Hold {
  /** Executions begun so far, this one included; those that were never sent are none. */
  readonly attempts: number;
  /** Times in a row that it was not sent before. */
  readonly unsent: number;
}

/** The constraints that hold for a node run, and those of its run. They never change. */
export interface Limits {
  readonly own: ConstraintEnvelope | null;
  readonly run: ConstraintEnvelope | null;
}

/** A queued node run as a dispatcher found it: with the epoch that it had then. */
export type Waiting = Hold;

export interface Begin extends Waiting {
  readonly owner: string;
  readonly kind: NodeKind;
  readonly decision: PolicyDecision;
  readonly repeatable: boolean;
  readonly limits: Limits;
}

/** What an execution has used, and what it may use. */
export interface Spent {
  readonly usage: Usage;
  readonly limits: Limits;
  /** Nothing of it has run, because it never reached the executor: it was no step. Default: false. */
  readonly isUnsent?: boolean;
}

/**
 * Takes a queued node run, under a new epoch. An atomic one is running from now on; a composite one is assigned until its executor
 * has accepted it.
 *
 * @returns what is now held; undefined when somebody else was faster, or a budget does not suffice (then it, or the run, has failed)
 */
export function beginNodeRun(draft: RunDraft, begin: Begin): Begun | undefined {
  const nodeRun = waiting(draft, begin);
  if (nodeRun === undefined || endWhenLate(draft, nodeRun, begin.limits)) return undefined;
  const overspent = overspendingOfBegin(draft.head, begin.limits.own);
  if (overspent !== undefined) {
    refuseOverBudget(draft, nodeRun, overspent, begin.limits);
    return undefined;
  }
  const { node_run_id } = nodeRun;
  const epoch = nodeRun.epoch + 1;
  const attempts = nodeRun.attempts + 1;
  draft.dequeue(node_run_id);
  draft.hold({ node_run_id, owner: begin.owner, epoch, repeatable: begin.repeatable });
  draft.updateNodeRun(node_run_id, { state: 'assigned', epoch, kind: begin.kind, attempts });
  if (begin.kind === 'atomic') draft.updateNodeRun(node_run_id, { state: 'running', started_at: draft.now });
  draft.updateHead({ steps: draft.head.steps + 1 });
  draft.moveRun('running');
  draft.append(policyDecidedEvent('node.run.execute', begin.decision, node_run_id));
  return { nodeRunId: node_run_id, epoch, attempts, unsent: nodeRun.unsent };
}

/** A composite executor has accepted: it works and reports by itself, until `deadline` at the latest. */
export function acceptComposite(draft: RunDraft, hold: Hold, deadline: Date): boolean {
  const nodeRun = held(draft, hold);
  if (nodeRun === undefined) return false;
  if (nodeRun.state === 'assigned') {
    draft.updateNodeRun(hold.nodeRunId, { state: 'running', started_at: draft.now });
  }
  draft.letGo(hold.nodeRunId);
  draft.setTimer({ kind: 'node_run_deadline', node_run_id: hold.nodeRunId, due_at: deadline });
  return true;
}

/** Ends an atomic node run with what its executor returned: evaluation first, then completion. */
export function finishNodeRun(draft: RunDraft, hold: Hold, reported: Outcome, spent: Spent): boolean {
  const nodeRun = held(draft, hold);
  if (nodeRun === undefined) return false;
  const { node_run_id } = nodeRun;
  spend(draft, spent.usage);
  const outcome = withinBudget(draft, nodeRun, reported, spent.limits.run);
  const evaluation: EvaluationResult = {
    status: outcome.state === 'succeeded' ? 'success' : 'fail',
    reason_code: 'atomic_completed',
  };
  draft.insertReport({ node_run_id, evaluation_result: evaluation, recovery_action: null, idempotency_key: null });
  const executed: NewRunEvent = {
    type: 'atomic_executed',
    nodeRunId: node_run_id,
    data: { state: outcome.state },
  };
  endNodeRun(draft, nodeRun, outcome, [evaluated(node_run_id, evaluation), executed], reported);
  failRunWhenOverspent(draft, spent.limits.run);
  return true;
}

/** Puts a failed execution back into the queue, to be repeated at `runAfter`; the failure and the decision are recorded. */
export function retryNodeRun(draft: RunDraft, hold: Hold, failed: Outcome, runAfter: Date, spent: Spent): boolean {
  const nodeRun = held(draft, hold);
  if (nodeRun === undefined) return false;
  spend(draft, spent.usage);
  requeue(draft, nodeRun, runAfter);
  draft.updateNodeRun(hold.nodeRunId, { unsent: spent.isUnsent === true ? nodeRun.unsent + 1 : 0 });
  if (spent.isUnsent === true) takeBack(draft, nodeRun);
  recordRepetition(draft, nodeRun, {
    status: 'fail',
    reason_code: failed.error?.code ?? 'failed',
    ...(failed.error === undefined ? {} : { message: failed.error.message }),
  });
  failRunWhenOverspent(draft, spent.limits.run);
  return true;
}

/** Gives a node run back to the queue that its executor has no room for: nothing of it has run, so nothing is recorded. */
export function releaseNodeRun(draft: RunDraft, hold: Hold, runAfter: Date): boolean {
  const nodeRun = held(draft, hold);
  if (nodeRun === undefined) return false;
  requeue(draft, nodeRun, runAfter);
  draft.updateNodeRun(hold.nodeRunId, { unsent: 0 });
  takeBack(draft, nodeRun);
  return true;
}

/** Ends a held node run that cannot go on: its executor is away for good, or does not accept it. */
export function failHeld(draft: RunDraft, hold: Hold, outcome: Outcome): boolean {
  const nodeRun = held(draft, hold);
  if (nodeRun === undefined) return false;
  endNodeRun(draft, nodeRun, outcome, saidOfEnd(draft, hold.nodeRunId, outcome));
  return true;
}

/** Ends a queued node run that may not or cannot run. */
export function refuseNodeRun(draft: RunDraft, found: Waiting, outcome: Outcome, decision?: PolicyDecision): boolean {
  const nodeRun = waiting(draft, found);
  if (nodeRun === undefined) return false;
  const { nodeRunId } = found;
  const decided = decision === undefined ? [] : [policyDecidedEvent('node.run.execute', decision, nodeRunId)];
  endNodeRun(draft, nodeRun, outcome, [...decided, ...saidOfEnd(draft, nodeRunId, outcome)]);
  return true;
}

/** Takes a node run out of the queue until somebody approves its execution. */
export function parkNodeRun(draft: RunDraft, found: Waiting, request: ApprovalRequest): boolean {
  const nodeRun = waiting(draft, found);
  if (nodeRun === undefined) return false;
  awaitApproval(draft, nodeRun, request);
  return true;
}

/**
 * Takes up a node run whose coordinator was lost: it is repeated when that is safe, and fails as uncertain when it is not.
 *
 * @param most executions in all, after which it counts as what kills whoever runs it
 */
export function recoverNodeRun(draft: RunDraft, hold: Hold, repeatable: boolean, most: number): boolean {
  // Retention may have deleted the run and left this behind.
  if (draft.find(hold.nodeRunId) === undefined) draft.letGo(hold.nodeRunId);
  const nodeRun = held(draft, hold);
  if (nodeRun === undefined) return false;
  if (!repeatable || nodeRun.attempts >= most) {
    const outcome = failure('execution_uncertain');
    endNodeRun(draft, nodeRun, outcome, saidOfEnd(draft, hold.nodeRunId, outcome));
    return true;
  }
  requeue(draft, nodeRun, draft.now);
  recordRepetition(draft, nodeRun, {
    status: 'unknown',
    reason_code: 'coordinator_lost',
    message: 'The coordinator that ran it was lost.',
  });
  return true;
}

export function spend(draft: RunDraft, { external_calls, cost }: Usage): void {
  if (external_calls === 0 && cost === 0) return;
  const { head } = draft;
  draft.updateHead({ external_calls: addedCount(head.external_calls, external_calls), cost: head.cost + cost });
}

/** A root whose result breaks a budget of the run has failed, as its run has; what it returned is kept. */
export function withinBudget(
  draft: RunDraft,
  { node_run_id }: Readonly<NodeRunEntity>,
  outcome: Outcome,
  constraints: ConstraintEnvelope | null | undefined,
): Outcome {
  if (node_run_id !== draft.head.root_node_run_id || outcome.state !== 'succeeded') return outcome;
  const overspent = overspending(draft.head, constraints);
  return overspent === undefined ? outcome : { ...outcome, ...overBudget(overspent) };
}

/** What was spent counts when it is reported: the result that breaks a budget is kept, and the run fails. */
export function failRunWhenOverspent(draft: RunDraft, constraints: ConstraintEnvelope | null | undefined): void {
  if (draft.isTerminal) return;
  const overspent = overspending(draft.head, constraints);
  if (overspent !== undefined) failRunOverBudget(draft, overspent);
}

function refuseOverBudget(
  draft: RunDraft,
  nodeRun: Readonly<NodeRunEntity>,
  overspent: Overspending,
  limits: Limits,
): void {
  const ofRun = overspendingOfBegin(draft.head, limits.run);
  if (ofRun !== undefined) return failRunOverBudget(draft, ofRun);
  const { budget, limit, used } = overspent;
  const message = `This node run may begin only while the run has used at most ${limit} (budgets.${budget}).`;
  const outcome = failure('budget_exceeded', message, { budget, limit, used });
  endNodeRun(draft, nodeRun, outcome, saidOfEnd(draft, nodeRun.node_run_id, outcome));
}

function requeue(draft: RunDraft, { node_run_id, epoch }: Readonly<NodeRunEntity>, runAfter: Date): void {
  draft.letGo(node_run_id);
  // The epoch moves now, not at the next take: whoever held it is fenced from here on.
  draft.updateNodeRun(node_run_id, { state: 'queued', started_at: null, epoch: epoch + 1 });
  draft.enqueue(node_run_id, runAfter);
}

/** Nothing of what was begun has run: it was neither an execution nor a step. */
function takeBack(draft: RunDraft, { node_run_id, attempts }: Readonly<NodeRunEntity>): void {
  draft.updateNodeRun(node_run_id, { attempts: attempts - 1 });
  draft.updateHead({ steps: draft.head.steps - 1 });
}

function recordRepetition(
  draft: RunDraft,
  { node_run_id }: Readonly<NodeRunEntity>,
  evaluation: EvaluationResult,
): void {
  const recovery = { type: 'retry', target_node_run_id: node_run_id } as const;
  const applied: NewRunEvent = { type: 'recovery_applied', nodeRunId: node_run_id, data: recovery };
  draft.insertReport({
    node_run_id,
    evaluation_result: evaluation,
    recovery_action: recovery,
    idempotency_key: null,
  });
  draft.append(evaluated(node_run_id, evaluation), applied);
}

/** A deadline that has passed counts also when its timer has not fired yet: what waited for too long does not begin. */
function endWhenLate(draft: RunDraft, { node_run_id, created_at }: Readonly<NodeRunEntity>, limits: Limits): boolean {
  const { deadline_at } = draft.head;
  if (deadline_at !== null && deadline_at <= draft.now) {
    expireRun(draft);
    return true;
  }
  const limit = limits.own?.budgets?.max_wall_time_ms;
  if (limit === undefined || draft.now.getTime() - created_at.getTime() < limit) return false;
  expireNodeRun(draft, node_run_id);
  return true;
}

/** The node run when it still waits as it was found. Who found it may be late: it may have run, waited again, or been parked. */
function waiting(draft: RunDraft, { nodeRunId, epoch }: Waiting): Readonly<NodeRunEntity> | undefined {
  const nodeRun = draft.find(nodeRunId);
  if (nodeRun?.state !== 'queued' || isApprovable(nodeRun.approval)) return undefined;
  return nodeRun.epoch === epoch ? nodeRun : undefined;
}

/** The node run when `hold` still holds it: assigned or running, in the same epoch. */
function held(draft: RunDraft, hold: Hold): Readonly<NodeRunEntity> | undefined {
  const nodeRun = draft.find(hold.nodeRunId);
  if (nodeRun === undefined || isNodeRunTerminal(nodeRun.state)) return undefined;
  return nodeRun.state !== 'queued' && nodeRun.epoch === hold.epoch ? nodeRun : undefined;
}
