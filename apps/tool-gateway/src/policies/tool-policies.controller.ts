import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import type { RequestContext } from '#contract';
import { BODY_ERRORS, Ctx } from '#http';
import type { ListingQuery } from '#http';
import { ToolEndpoint } from '../wire/tool-endpoint.decorator.js';
import { PolicyLogService } from './policy-log.service.js';
import {
  DECISION_LIST_PARAMETERS,
  POLICY_LIST_PARAMETERS,
  readDecisionListQuery,
  readPolicyListQuery,
} from './policy-queries.js';
import { ToolPoliciesService } from './tool-policies.service.js';
import { MergedToolPolicy, PolicyLogEntry, ToolPolicy, ToolPolicyChange, ToolPolicyRequest } from './tool-policy.js';

const TAG = 'policies';
const STORED = ['database_unavailable'] as const;

@Controller('api')
export class ToolPoliciesController {
  constructor(
    private readonly policies: ToolPoliciesService,
    private readonly log: PolicyLogService,
  ) {}

  @Post('policies')
  @ToolEndpoint({
    operationId: 'create_tool_policy',
    summary: 'Make a policy of an agent or of a role',
    tag: TAG,
    access: 'tool_policy.write',
    responds: ToolPolicy,
    status: 201,
    description: 'The policy, which holds from now on',
    errors: [...BODY_ERRORS, ...STORED, 'agent_not_found'],
  })
  create(@Ctx() ctx: RequestContext, @Body() body: ToolPolicyRequest): Promise<ToolPolicy> {
    return this.policies.create(ctx, body);
  }

  @Get('policies')
  @ToolEndpoint({
    operationId: 'list_tool_policies',
    summary: 'List policies, newest first',
    tag: TAG,
    access: 'tool_policy.read',
    responds: [ToolPolicy],
    description: 'At most 1,000 policies',
    errors: STORED,
    query: POLICY_LIST_PARAMETERS,
  })
  list(@Ctx() ctx: RequestContext, @Query() query: ListingQuery): Promise<ToolPolicy[]> {
    return this.policies.list(ctx, readPolicyListQuery(query));
  }

  @Get('policies/merged/:agent_id')
  @ToolEndpoint({
    operationId: 'get_merged_tool_policy',
    summary: 'What the policies of an agent and of its role together allow',
    tag: TAG,
    access: 'tool_policy.read',
    responds: MergedToolPolicy,
    description: 'What is in every policy',
    errors: [...STORED, 'agent_not_found'],
  })
  merged(@Ctx() ctx: RequestContext, @Param('agent_id') agentId: string): Promise<MergedToolPolicy> {
    return this.policies.merged(ctx, agentId);
  }

  @Get('policies/:policy_id')
  @ToolEndpoint({
    operationId: 'get_tool_policy',
    summary: 'Get a policy',
    tag: TAG,
    access: 'tool_policy.read',
    responds: ToolPolicy,
    description: 'The policy',
    errors: [...STORED, 'tool_policy_not_found'],
  })
  get(@Ctx() ctx: RequestContext, @Param('policy_id') policyId: string): Promise<ToolPolicy> {
    return this.policies.get(ctx, policyId);
  }

  @Patch('policies/:policy_id')
  @ToolEndpoint({
    operationId: 'update_tool_policy',
    summary: 'Change a policy',
    tag: TAG,
    access: 'tool_policy.write',
    responds: ToolPolicy,
    description: 'The policy as it is now',
    errors: [...BODY_ERRORS, ...STORED, 'tool_policy_not_found'],
  })
  update(
    @Ctx() ctx: RequestContext,
    @Param('policy_id') policyId: string,
    @Body() body: ToolPolicyChange,
  ): Promise<ToolPolicy> {
    return this.policies.update(ctx, policyId, body);
  }

  @Delete('policies/:policy_id')
  @ToolEndpoint({
    operationId: 'delete_tool_policy',
    summary: 'Delete a policy',
    tag: TAG,
    access: 'tool_policy.write',
    responds: 'nothing',
    description: 'It has gone',
    errors: [...STORED, 'tool_policy_not_found'],
  })
  delete(@Ctx() ctx: RequestContext, @Param('policy_id') policyId: string): Promise<void> {
    return this.policies.delete(ctx, policyId);
  }

  @Get('policy-logs')
  @ToolEndpoint({
    operationId: 'list_tool_policy_decisions',
    summary: 'List what policies decided about calls, newest first',
    tag: TAG,
    access: 'tool_policy.read',
    responds: [PolicyLogEntry],
    description: 'Decisions',
    errors: STORED,
    query: DECISION_LIST_PARAMETERS,
  })
  listDecisions(@Ctx() ctx: RequestContext, @Query() query: ListingQuery): Promise<PolicyLogEntry[]> {
    return this.log.list(ctx, readDecisionListQuery(query));
  }
}
