import { Body, Controller, Post } from '@nestjs/common';
import { PolicyDecision, PolicyDecisionRequest } from '#contract';
import type { RequestContext } from '#contract';
import { BODY_ERRORS, Ctx, Endpoint } from '#http';
import { PolicyService } from './policy.service.js';

@Controller('v1')
export class PolicyController {
  constructor(private readonly policy: PolicyService) {}

  @Post('policy::decide')
  @Endpoint({
    operationId: 'decide_policy',
    summary: 'Decide policy outcome',
    tag: 'policy',
    access: 'policy.decide',
    responds: PolicyDecision,
    description: 'Policy decision',
    errors: [...BODY_ERRORS, 'node_registry_unavailable', 'atomic_executor_unavailable', 'token_request_failed'],
  })
  decide(@Ctx() ctx: RequestContext, @Body() request: PolicyDecisionRequest): Promise<PolicyDecision> {
    return this.policy.decidePolicy(ctx, request);
  }
}
