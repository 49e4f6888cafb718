import { Injectable } from '@nestjs/common';
import { actorOf, mayReach, ownerBorder } from '#auth';
import { APPROVAL_STATES, AppError, ApprovalsApi } from '#contract';
import type {
  Approval,
  ApprovalDecisionRequest,
  ApprovalList,
  ApprovalListOptions,
  ApprovalVerdict,
  PolicyDecision,
  Principal,
  RequestContext,
} from '#contract';
import { Database } from '#database';
import { DEFAULT_PAGE_SIZE, invalidRequest, NEWEST, pagesOfApprovals } from '#http';
import { PolicyCheckpoint } from '#policy';
import { readApprovalId } from '../lifecycle/approval-id.js';
import { decideApproval } from '../lifecycle/approvals.js';
import { refuseForeign } from '../lifecycle/foreign-run.js';
import { RunStoreService } from '../run-store/run-store.service.js';
import { bucketOfNodeRun } from '../sharding/bucket.js';
import type { ApprovalEntity } from '../tables/approval.entity.js';
import { ApprovalsRepository } from './approvals.repository.js';
import { presentApproval } from './present-approval.js';

const COMMENT_AT_MOST = 2_000;

/** What people have to approve: shows it, and takes their decision. */
@Injectable()
export class ApprovalsService extends ApprovalsApi {
  constructor(
    private readonly database: Database,
    private readonly repository: ApprovalsRepository,
    private readonly store: RunStoreService,
    private readonly policy: PolicyCheckpoint,
  ) {
    super();
  }

  async listApprovals({ principal }: RequestContext, options: ApprovalListOptions): Promise<ApprovalList> {
    const { states, runId, limit = DEFAULT_PAGE_SIZE, pageToken } = options;
    const pages = pagesOfApprovals(options);
    const found = await this.repository.findPage(this.database, {
      states: states ?? APPROVAL_STATES,
      owner: ownerBorder(principal) ?? null,
      runId: runId ?? null,
      olderThan: pages.read(pageToken) ?? NEWEST,
      limit: limit + 1,
    });
    const positionOf = (row: (typeof found)[number]) => ({ createdAt: row.listed_at, id: row.approval_id });
    const { items, pagination } = pages.of(found, limit, positionOf);
    return { approvals: items.map(presentApproval), pagination };
  }

  async getApproval({ principal }: RequestContext, approvalId: string): Promise<Approval> {
    return presentApproval(await this.find(principal, approvalId));
  }

  async decideApproval(
    ctx: RequestContext,
    approvalId: string,
    verdict: ApprovalVerdict,
    { comment }: ApprovalDecisionRequest,
  ): Promise<Approval> {
    const { principal } = ctx;
    refuseComment(comment);
    const approval = await this.find(principal, approvalId);
    const by = actorOf(principal) ?? null;
    if (approval.state === verdict && by !== null && approval.decided_by?.id === by.id) {
      return presentApproval(approval);
    }
    if (approval.state !== 'pending') throw decided(approval);
    refuseUnentitled(principal, approval);
    const { extensions } = await this.allowedByPolicy(ctx, approval);
    const { nodeRunId, action } = readApprovalId(approvalId) ?? {};
    if (nodeRunId === undefined || action === undefined) throw approvalNotFound(approvalId);
    const state = await this.store.execute({
      runId: approval.run_id,
      nodeRunIds: [nodeRunId],
      open: true,
      documents: true,
      decide: (draft) => {
        refuseForeign(draft, principal, nodeRunId);
        return decideApproval(draft, nodeRunId, action, {
          state: verdict,
          by,
          comment,
          expiresAt: approval.expires_at,
          extensions,
        });
      },
    });
    if (state !== verdict) throw decided({ ...approval, state });
    return presentApproval(await this.find(principal, approvalId));
  }

  /** @throws AppError forbidden */
  private async allowedByPolicy(ctx: RequestContext, approval: ApprovalEntity): Promise<PolicyDecision> {
    const decision = await this.policy.decide(ctx, {
      action: 'approval.decide',
      run_id: approval.run_id,
      node_run_id: approval.node_run_id,
      node_type_ref: { node_type_id: approval.node_type_id, version: approval.node_type_version },
    });
    if (decision.decision === 'allow') return decision;
    throw new AppError('forbidden', {
      message: decision.message ?? 'Policy does not allow this caller to decide approvals.',
      details: { reason_code: decision.reason_code ?? 'policy_denied' },
    });
  }

  private async find(principal: Principal, approvalId: string): Promise<ApprovalEntity> {
    const bucket = bucketOfNodeRun(readApprovalId(approvalId)?.nodeRunId ?? '');
    const found = bucket === undefined ? undefined : await this.repository.find(this.database, bucket, approvalId);
    if (found === undefined || !mayReach(principal, { owner: found.owner, runId: found.run_id })) {
      throw approvalNotFound(approvalId);
    }
    return found;
  }
}

function refuseComment(comment: string | undefined): void {
  if (comment === undefined) return;
  if (comment.length > COMMENT_AT_MOST) {
    throw invalidRequest([{ path: 'comment', message: `must have at most ${COMMENT_AT_MOST} characters` }]);
  }
  if (comment.includes('\0')) throw invalidRequest([{ path: 'comment', message: 'must not hold U+0000' }]);
}

/** Four eyes: who asked does not approve. Without authentication nobody knows who asked. */
function refuseUnentitled({ subject, owner, roles = [] }: Principal, approval: ApprovalEntity): void {
  if (owner === undefined) return;
  if (approval.requested_by?.id === subject) {
    throw new AppError('forbidden', {
      message: 'Whoever started the run cannot decide on it: somebody else has to.',
      details: { reason_code: 'four_eyes' },
    });
  }
  const { approver_roles: wanted } = approval;
  if (wanted === null || wanted.some((role) => roles.includes(role))) return;
  throw new AppError('forbidden', {
    message: 'Deciding on this needs a role that the caller does not have.',
    details: { reason_code: 'approver_role_missing', approver_roles: [...wanted] },
  });
}

function decided({ approval_id, state }: ApprovalEntity): AppError {
  return new AppError('approval_decided', {
    message: `The approval ${approval_id} is ${state} already.`,
    details: { approval_id, state },
  });
}

function approvalNotFound(approvalId: string): AppError {
  return new AppError('approval_not_found', {
    message: `There is no approval ${approvalId}.`,
    details: { approval_id: approvalId },
  });
}
