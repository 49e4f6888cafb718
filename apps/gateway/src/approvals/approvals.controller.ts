import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { Approval, ApprovalDecisionRequest, ApprovalList, ApprovalsApi } from '#contract';
import type { RequestContext } from '#contract';
import { APPROVAL_LIST_PARAMETERS, BODY_ERRORS, Ctx, Endpoint, readApprovalListQuery } from '#http';
import type { ListingQuery } from '#http';

const TAG = 'approvals';
const FORWARDED = ['run_coordinator_unavailable', 'database_unavailable', 'token_request_failed'] as const;
const DECIDED = [...BODY_ERRORS, ...FORWARDED, 'overloaded', 'approval_not_found', 'approval_decided'] as const;

@Controller('v1')
export class ApprovalsController {
  constructor(private readonly approvals: ApprovalsApi) {}

  @Get('approvals')
  @Endpoint({
    operationId: 'list_approvals',
    summary: 'List approvals, newest first (beyond the standard)',
    tag: TAG,
    access: 'approval.read',
    responds: ApprovalList,
    description: 'One page of approvals',
    errors: FORWARDED,
    query: APPROVAL_LIST_PARAMETERS,
  })
  list(@Ctx() ctx: RequestContext, @Query() query: ListingQuery): Promise<ApprovalList> {
    return this.approvals.listApprovals(ctx, readApprovalListQuery(query));
  }

  @Get('approvals/:approval_id(^[^:/]+)')
  @Endpoint({
    operationId: 'get_approval',
    summary: 'Get an approval (beyond the standard)',
    tag: TAG,
    access: 'approval.read',
    responds: Approval,
    description: 'Approval',
    errors: [...FORWARDED, 'approval_not_found'],
  })
  get(@Ctx() ctx: RequestContext, @Param('approval_id') approvalId: string): Promise<Approval> {
    return this.approvals.getApproval(ctx, approvalId);
  }

  @Post('approvals/:approval_id(^[^:/]+)::approve')
  @Endpoint({
    operationId: 'approve_approval',
    summary: 'Approve: what waits goes on (beyond the standard)',
    tag: TAG,
    access: 'approval.decide',
    responds: Approval,
    description: 'The approval as it is now',
    errors: DECIDED,
  })
  approve(
    @Ctx() ctx: RequestContext,
    @Param('approval_id') approvalId: string,
    @Body() body: ApprovalDecisionRequest,
  ): Promise<Approval> {
    return this.approvals.decideApproval(ctx, approvalId, 'approved', body);
  }

  @Post('approvals/:approval_id(^[^:/]+)::deny')
  @Endpoint({
    operationId: 'deny_approval',
    summary: 'Deny: what waits fails (beyond the standard)',
    tag: TAG,
    access: 'approval.decide',
    responds: Approval,
    description: 'The approval as it is now',
    errors: DECIDED,
  })
  deny(
    @Ctx() ctx: RequestContext,
    @Param('approval_id') approvalId: string,
    @Body() body: ApprovalDecisionRequest,
  ): Promise<Approval> {
    return this.approvals.decideApproval(ctx, approvalId, 'denied', body);
  }
}
