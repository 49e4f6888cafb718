import { mayReach, withoutIdentity } from '#auth';
import { AppError } from '#contract';
import type { ConstraintEnvelope, NodeKind, PolicyDecision, Principal, RunContext, RunStartRequest } from '#contract';
import { newNodeRunId } from '../sharding/bucket.js';
import { fingerprint } from '../sharding/fingerprint.js';
import { awaitApproval } from './approvals.js';
import { momentAfter } from './budgets.js';
import { failure, resultOf } from './end-node-run.js';
import { policyDecidedEvent } from './policy-decided-event.js';
import type { RunDraft } from './run-draft.js';

/** Everything that is known when a run is to start. */
export interface RunStart {
  /** Who starts it, and owns it. */
  readonly principal: Principal;
  /** Its run context says of the caller what his token says. */
  readonly request: RunStartRequest;
  /** The run context as it is kept: with the trace of the request. */
  readonly runContext: RunContext;
  readonly decision: PolicyDecision;
  /** How long an approval of it waits where policy does not say, in milliseconds. */
  readonly approvalExpiryMs: number;
  /** Undefined when nothing tells yet. */
  readonly kind: NodeKind | undefined;
  /** What holds for the root: the run's constraints and those of its node type. */
  readonly constraints: ConstraintEnvelope | undefined;
  /** What a second start with other content is called. */
  readonly conflict: { readonly code: 'run_already_exists' | 'idempotency_conflict'; readonly details: object };
}

/**
 * Starts a run: the run, its root, the first events, the queue entry and the deadline. A run that policy refuses is kept too, as
 * failed, so that the refusal is on record. The same request again changes nothing.
 *
 * @throws AppError constraint_violation, or the start's own conflict code
 */
export function startRun(draft: RunDraft, start: RunStart): void {
  const { principal, request, decision, constraints } = start;
  const requestHash = hashOf(draft.runId, request);
  if (draft.exists) {
    const isOurs = mayReach(principal, { owner: draft.head.owner, runId: draft.runId });
    if (isOurs && draft.started?.request_hash === requestHash) return;
    throw new AppError(start.conflict.code, { details: { ...start.conflict.details } });
  }
  if (request.constraints?.structural?.max_total_nodes_per_run === 0) {
    throw new AppError('constraint_violation', {
      message: 'structural.max_total_nodes_per_run is 0, but a run has at least its root.',
      details: { constraint: 'structural.max_total_nodes_per_run', limit: 0, actual: 1 },
    });
  }
  const { bucket, runId, now } = draft;
  const rootId = newNodeRunId(bucket);
  const wallTime = constraints?.budgets?.max_wall_time_ms;
  const deadline = wallTime === undefined ? null : momentAfter(now, wallTime);
  draft.insertRun(
    {
      bucket,
      run_id: runId,
      tenant_id: request.run_context?.tenant_id ?? null,
      state: 'queued',
      root_node_run_id: rootId,
      last_seq: 0,
      created_at: now,
      started_at: null,
      ended_at: null,
      deadline_at: deadline,
      node_count: 1,
      steps: 0,
      external_calls: 0,
      cost: 0,
      owner: principal.owner ?? null,
    },
    {
      bucket,
      run_id: runId,
      request_hash: requestHash,
      run_context: start.runContext,
      constraints: request.constraints ?? null,
      metadata: request.metadata ?? null,
      extensions: request.extensions ?? null,
    },
  );
  draft.insertNodeRun(
    {
      bucket,
      node_run_id: rootId,
      run_id: runId,
      parent_node_run_id: null,
      node_type_id: request.root_node_type_ref.node_type_id,
      node_type_version: request.root_node_type_ref.version,
      kind: start.kind ?? null,
      state: 'queued',
      depth: 0,
      epoch: 0,
      created_at: now,
      started_at: null,
      ended_at: null,
      child_count: 0,
      decomposition_rounds: 0,
      attempts: 0,
      unsent: 0,
      approval: null,
    },
    {
      bucket,
      node_run_id: rootId,
      inputs: request.input,
      spec: request.constraints === undefined ? {} : { constraints: request.constraints },
      spec_hash: fingerprint({
        node_type_ref: request.root_node_type_ref,
        inputs: request.input,
        constraints: request.constraints,
      }),
      constraints: constraints ?? null,
    },
  );
  draft.append(
    { type: 'run_started', nodeRunId: rootId, data: { root_node_run_id: rootId } },
    { type: 'node_run_assigned', nodeRunId: rootId, data: { root: true } },
    ...(decision.decision === 'require_approval' ? [] : [policyDecidedEvent('run.start', decision, rootId)]),
  );
  if (decision.decision !== 'deny') {
    if (deadline !== null) draft.setTimer({ kind: 'run_deadline', node_run_id: '', due_at: deadline });
    if (decision.decision === 'allow') draft.enqueue(rootId, now);
    else awaitStart(draft, rootId, start);
    return;
  }
  const refusal = failure('policy_denied', decision.message);
  draft.updateNodeRun(rootId, { state: 'failed', ended_at: now });
  draft.insertResult(resultOf({ bucket, node_run_id: rootId }, refusal));
  draft.append({ type: 'run_completed', data: { state: 'failed', error_code: 'policy_denied' } });
  draft.moveRun('failed');
}

function awaitStart(
  draft: RunDraft,
  rootId: string,
  { decision, request, runContext, approvalExpiryMs }: RunStart,
): void {
  const root = draft.find(rootId);
  if (root === undefined) throw new Error('the root was not inserted');
  awaitApproval(draft, root, {
    action: 'run.start',
    decision,
    inputs: request.input,
    runContext,
    defaultExpiryMs: approvalExpiryMs,
  });
}

/** What tells a repeated request from another one. */
function hashOf(runId: string, { run_context, ...request }: RunStartRequest): string {
  const context = run_context === undefined ? {} : { run_context: withoutIdentity(run_context) };
  return fingerprint({ ...request, ...context, run_id: runId });
}
