import { AppError } from '#contract';
import type { PolicyDecision, ResourceRef, RunContext } from '#contract';
import type { NodeRunEntity } from '../tables/node-run.entity.js';
import { approvalIdOf, isApprovable } from './approval-id.js';
import type { ApprovableAction } from './approval-id.js';
import { endNodeRun, failure, saidOfEnd } from './end-node-run.js';
import type { Outcome } from './end-node-run.js';
import { isNodeRunTerminal } from './node-run-state.js';
import { maskedInputs } from './masked-inputs.js';
import { policyDecidedEvent } from './policy-decided-event.js';
import type { RunDraft } from './run-draft.js';

/** What is asked of a person. */
export interface ApprovalRequest {
  readonly action: ApprovableAction;
  readonly decision: PolicyDecision;
  readonly inputs: Record<string, unknown>;
  readonly runContext: RunContext | null;
  /** How long it may take where the decision does not say, in milliseconds. */
  readonly defaultExpiryMs: number;
}

/** What a person has decided. */
export interface Verdict {
  readonly state: 'approved' | 'denied';
  /** Null without authentication. */
  readonly by: ResourceRef | null;
  readonly comment: string | undefined;
}

/**
 * What a decision says of how it is to be approved: the extension `jarvis.approval`. What is there and not as it should be is taken for the
 * strictest: then nobody may decide, and nothing is shown.
 */
interface ApprovalOptions {
  readonly roles: readonly string[] | undefined;
  readonly expiresInMs: number | undefined;
  readonly maskInputs: readonly string[];
}

/** Key of the extension of a decision. */
export const APPROVAL_EXTENSION = 'jarvis.approval';
const MAX_EXPIRY_MS = 365 * 86_400_000;

/** Takes a queued node run out of the queue until somebody approves what it waits for. It can be canceled meanwhile. */
export function awaitApproval(draft: RunDraft, nodeRun: Readonly<NodeRunEntity>, request: ApprovalRequest): void {
  const { action, decision, runContext } = request;
  const { bucket, node_run_id } = nodeRun;
  const { roles, expiresInMs = request.defaultExpiryMs, maskInputs } = optionsOf(decision);
  const approval_id = approvalIdOf(action, node_run_id);
  const expiresAt = new Date(draft.now.getTime() + expiresInMs);
  draft.dequeue(node_run_id);
  // It stays queued: only the epoch tells another dispatcher, who found it before, that it is not for him any more.
  draft.updateNodeRun(node_run_id, { epoch: nodeRun.epoch + 1, approval: action });
  draft.changes.newApprovals.push({
    bucket,
    approval_id,
    run_id: draft.runId,
    node_run_id,
    owner: draft.head.owner,
    state: 'pending',
    action,
    node_type_id: nodeRun.node_type_id,
    node_type_version: nodeRun.node_type_version,
    requested_by: draft.head.owner === null ? null : (runContext?.actor ?? null),
    requested_at: draft.now,
    expires_at: expiresAt,
    approver_roles: roles ?? null,
    reason_code: decision.reason_code ?? null,
    message: decision.message ?? null,
    inputs: maskedInputs(request.inputs, maskInputs),
    decided_by: null,
    decided_at: null,
    comment: null,
  });
  draft.setTimer({ kind: 'approval_expiry', node_run_id, due_at: expiresAt });
  draft.append(policyDecidedEvent(action, { ...decision, approval_ref: { approval_id } }, node_run_id));
}

/**
 * Carries out what a person has decided: the node run goes back into the queue, or fails. The first decision stands.
 *
 * @throws AppError approval_decided
 */
export function decideApproval(
  draft: RunDraft,
  nodeRunId: string,
  action: ApprovableAction,
  { state, by, comment }: Verdict,
): void {
  const nodeRun = awaiting(draft, nodeRunId);
  if (nodeRun?.approval !== action) throw new AppError('approval_decided');
  settle(draft, nodeRun, action, { state, by, comment });
  const said = decidedEvent(nodeRun, action, state, by, comment);
  if (state === 'approved') {
    draft.append(said);
    // What is approved for a start must still pass the checkpoint of its execution.
    draft.updateNodeRun(nodeRunId, {
      epoch: nodeRun.epoch + 1,
      approval: action === 'run.start' ? null : 'approved',
    });
    draft.enqueue(nodeRunId, draft.now);
    return;
  }
  const message = comment === undefined ? undefined : `An approver denied it: ${comment}`;
  end(draft, nodeRun, failure('approval_denied', message), said);
}

/** Denies what nobody has decided in time. */
export function expireApproval(draft: RunDraft, nodeRunId: string): void {
  const nodeRun = awaiting(draft, nodeRunId);
  const action = nodeRun?.approval;
  if (nodeRun === undefined || !isApprovable(action)) return draft.dropTimer('approval_expiry', nodeRunId);
  settle(draft, nodeRun, action, { state: 'expired', by: null, comment: undefined });
  end(draft, nodeRun, failure('approval_expired'), decidedEvent(nodeRun, action, 'expired', null, undefined));
}

function settle(
  draft: RunDraft,
  { bucket, node_run_id }: Readonly<NodeRunEntity>,
  action: ApprovableAction,
  {
    state,
    by,
    comment,
  }: { state: 'approved' | 'denied' | 'expired'; by: ResourceRef | null; comment: string | undefined },
): void {
  draft.changes.settledApprovals.push({
    bucket,
    approval_id: approvalIdOf(action, node_run_id),
    state,
    decided_by: by,
    decided_at: draft.now,
    comment: comment ?? null,
  });
  draft.dropTimer('approval_expiry', node_run_id);
}

function end(
  draft: RunDraft,
  nodeRun: Readonly<NodeRunEntity>,
  outcome: Outcome,
  said: ReturnType<typeof decidedEvent>,
): void {
  draft.updateNodeRun(nodeRun.node_run_id, { approval: null });
  const ended = draft.find(nodeRun.node_run_id) ?? nodeRun;
  endNodeRun(draft, ended, outcome, [said, ...saidOfEnd(draft, nodeRun.node_run_id, outcome)]);
}

function decidedEvent(
  { node_run_id }: Readonly<NodeRunEntity>,
  action: ApprovableAction,
  state: 'approved' | 'denied' | 'expired',
  by: ResourceRef | null,
  comment: string | undefined,
) {
  const event = policyDecidedEvent(
    'approval.decide',
    {
      decision: state === 'approved' ? 'allow' : 'deny',
      reason_code: state,
      ...(comment === undefined ? {} : { message: comment }),
      approval_ref: { approval_id: approvalIdOf(action, node_run_id) },
    },
    node_run_id,
  );
  return by === null ? event : { ...event, data: { ...event.data, decided_by: by } };
}

function awaiting(draft: RunDraft, nodeRunId: string): Readonly<NodeRunEntity> | undefined {
  const nodeRun = draft.find(nodeRunId);
  return nodeRun !== undefined && !isNodeRunTerminal(nodeRun.state) && isApprovable(nodeRun.approval)
    ? nodeRun
    : undefined;
}

function optionsOf({ extensions }: PolicyDecision): ApprovalOptions {
  const said = extensions?.[APPROVAL_EXTENSION];
  const options = (typeof said === 'object' && said !== null ? said : {}) as Record<string, unknown>;
  const seconds = options['expires_in_seconds'];
  const texts = (value: unknown, otherwise: string[]) =>
    Array.isArray(value) && value.every((one) => typeof one === 'string') ? (value as string[]) : otherwise;
  return {
    roles: options['roles'] === undefined ? undefined : texts(options['roles'], []),
    expiresInMs: typeof seconds === 'number' && seconds > 0 ? Math.min(seconds * 1_000, MAX_EXPIRY_MS) : undefined,
    maskInputs: options['mask_inputs'] === undefined ? [] : texts(options['mask_inputs'], ['']),
  };
}
