import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { Approval, ApprovalDecisionRequest, ApprovalList, ApprovalsApi } from '#contract';
import type { ErrorCode, RequestContext } from '#contract';
import { BODY_ERRORS, Endpoint } from './endpoint.decorator.js';
import { APPROVAL_LIST_PARAMETERS, readApprovalListQuery } from './listing-query.js';
import type { ListingQuery } from './listing-query.js';
import { Ctx } from './request-context.js';

const TAG = 'approvals';

/**
 * The approval endpoints, in front of the ApprovalsApi that the app provides: the coordinator's own, or what its gateway forwards to.
 *
 * @param stored what each of them can answer where approvals cannot be had
 */
export function approvalsController(stored: readonly ErrorCode[]): Type<object> {
  const decided: readonly ErrorCode[] = [
    ...BODY_ERRORS,
    ...stored,
    'overloaded',
    'approval_not_found',
    'approval_decided',
  ];

  @Controller('v1')
  class ApprovalsController {
    constructor(private readonly approvals: ApprovalsApi) {}

    @Get('approvals')
    @Endpoint({
      operationId: 'list_approvals',
      summary: 'List approvals, newest first (beyond the standard)',
      tag: TAG,
      access: 'approval.read',
      responds: ApprovalList,
      description: 'One page of approvals',
      errors: stored,
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
      errors: [...stored, 'approval_not_found'],
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
      errors: decided,
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
      errors: decided,
    })
    deny(
      @Ctx() ctx: RequestContext,
      @Param('approval_id') approvalId: string,
      @Body() body: ApprovalDecisionRequest,
    ): Promise<Approval> {
      return this.approvals.decideApproval(ctx, approvalId, 'denied', body);
    }
  }

  return ApprovalsController;
}
