import { AppError } from '#contract';
import type { PolicyDecision, ResourceRef, RunContext } from '#contract';
import type { ApprovableAction, NodeRunEntity } from '../tables/node-run.entity.js';
import { approvalIdOf, approvalTimerOf } from './approval-id.js';
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
  /** When the approval expires, or has. */
  readonly expiresAt: Date;
  /** By which policy somebody was let decide. */
  readonly extensions?: PolicyDecision['extensions'] | undefined;
}

/** What a decision says of how it is to be approved. */
interface ApprovalOptions {
  /** One of them is needed to decide; undefined: none is; empty: nobody may. */
  readonly roles: readonly string[] | undefined;
  readonly expiresInMs: number | undefined;
  readonly maskInputs: readonly string[];
}

/** A decision that cannot be read as it was meant: nobody may decide, and nothing is shown. */
const STRICTEST: ApprovalOptions = { roles: [], expiresInMs: undefined, maskInputs: [''] };

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
    reason_code: storable(decision.reason_code),
    message: storable(decision.message),
    inputs: maskedInputs(request.inputs, maskInputs),
    decided_by: null,
    decided_at: null,
    comment: null,
  });
  draft.setTimer({ kind: approvalTimerOf(action), node_run_id, due_at: expiresAt });
  draft.append(policyDecidedEvent(action, { ...decision, approval_ref: { approval_id } }, node_run_id));
}

/**
 * Carries out what a person has decided: the node run goes back into the queue, or fails. The first decision stands. What comes too
 * late expires the approval, whether or not its timer has been seen to.
 *
 * @returns what the approval is now
 * @throws AppError approval_decided
 */
export function decideApproval(
  draft: RunDraft,
  nodeRunId: string,
  action: ApprovableAction,
  { state, by, comment, expiresAt, extensions }: Verdict,
): 'approved' | 'denied' | 'expired' {
  const nodeRun = awaiting(draft, nodeRunId, action);
  if (nodeRun === undefined) throw new AppError('approval_decided');
  if (expiresAt <= draft.now) {
    expireApproval(draft, nodeRunId, action);
    return 'expired';
  }
  settle(draft, nodeRun, action, { state, by, comment });
  const said = decidedEvent(nodeRun, action, { state, by, comment, extensions });
  if (state === 'approved') {
    draft.append(said);
    // What is approved for a start must still pass the checkpoint of its execution.
    draft.updateNodeRun(nodeRunId, {
      epoch: nodeRun.epoch + 1,
      approval: action === 'run.start' ? null : 'approved',
    });
    draft.enqueue(nodeRunId, draft.now);
    return state;
  }
  const message = comment === undefined ? undefined : `An approver denied it: ${comment}`;
  end(draft, nodeRun, failure('approval_denied', message), said);
  return state;
}

/** Denies what nobody has decided in time. */
export function expireApproval(draft: RunDraft, nodeRunId: string, action: ApprovableAction): void {
  const nodeRun = awaiting(draft, nodeRunId, action);
  if (nodeRun === undefined) return draft.dropTimer(approvalTimerOf(action), nodeRunId);
  settle(draft, nodeRun, action, { state: 'expired', by: null, comment: undefined });
  end(
    draft,
    nodeRun,
    failure('approval_expired'),
    decidedEvent(nodeRun, action, { state: 'expired', by: null, comment: undefined, extensions: undefined }),
  );
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
  draft.dropTimer(approvalTimerOf(action), node_run_id);
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
  {
    state,
    by,
    comment,
    extensions,
  }: Pick<Verdict, 'by' | 'comment' | 'extensions'> & { readonly state: 'approved' | 'denied' | 'expired' },
) {
  const event = policyDecidedEvent(
    'approval.decide',
    {
      decision: state === 'approved' ? 'allow' : 'deny',
      reason_code: state,
      ...(comment === undefined ? {} : { message: comment }),
      approval_ref: { approval_id: approvalIdOf(action, node_run_id) },
      ...(extensions === undefined ? {} : { extensions }),
    },
    node_run_id,
  );
  return by === null ? event : { ...event, data: { ...event.data, decided_by: by } };
}

/** The node run when it waits for an approval of just this. */
function awaiting(draft: RunDraft, nodeRunId: string, action: ApprovableAction): Readonly<NodeRunEntity> | undefined {
  const nodeRun = draft.find(nodeRunId);
  return nodeRun?.approval === action && !isNodeRunTerminal(nodeRun.state) ? nodeRun : undefined;
}

/** Reads the extension `jarvis.approval`; without it, and with what it leaves out, there are no demands. */
function optionsOf({ extensions }: PolicyDecision): ApprovalOptions {
  const said = extensions?.[APPROVAL_EXTENSION];
  if (said === undefined) return { roles: undefined, expiresInMs: undefined, maskInputs: [] };
  if (typeof said !== 'object' || said === null || Array.isArray(said)) return STRICTEST;
  const { roles = [], expires_in_seconds: seconds, mask_inputs: maskInputs = [] } = said as Record<string, unknown>;
  if (!areTexts(roles) || !areTexts(maskInputs) || !(seconds === undefined || isExpiry(seconds))) return STRICTEST;
  return {
    roles: roles.length === 0 ? undefined : roles,
    expiresInMs: seconds === undefined ? undefined : Math.min(seconds * 1_000, MAX_EXPIRY_MS),
    maskInputs,
  };
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isExpiry(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

/** PostgreSQL keeps no U+0000 in a text, and what a policy service says must not fail the run. */
function storable(text: string | undefined): string | null {
  return text?.replaceAll('\0', '') ?? null;
}
