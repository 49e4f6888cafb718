import { AppError, ApprovalsApi } from '#contract';
import type { Approval, ApprovalList, ApprovalListOptions, RequestContext } from '#contract';
import { DEFAULT_PAGE_SIZE } from '#http';

/** The gateway alone: it executes nothing, so nothing waits for an approval. */
export class NoApprovals extends ApprovalsApi {
  async listApprovals(_ctx: RequestContext, { limit }: ApprovalListOptions): Promise<ApprovalList> {
    return { approvals: [], pagination: { page_size: limit ?? DEFAULT_PAGE_SIZE } };
  }

  async getApproval(_ctx: RequestContext, approvalId: string): Promise<Approval> {
    throw new AppError('approval_not_found', { details: { approval_id: approvalId } });
  }

  decideApproval(ctx: RequestContext, approvalId: string): Promise<Approval> {
    return this.getApproval(ctx, approvalId);
  }
}
