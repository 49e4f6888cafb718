import { Controller, Get, Param, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { RequestContext } from '#contract';
import { Ctx } from '#http';
import { AgentAuthenticationService } from '../authentication/agent-authentication.service.js';
import { ToolEndpoint } from '../wire/tool-endpoint.decorator.js';
import { JobAnswer } from './job-answer.js';
import { JobsService } from './jobs.service.js';
import { presentJob } from './present-job.js';

@Controller('api/jobs')
export class JobsController {
  constructor(
    private readonly agents: AgentAuthenticationService,
    private readonly jobs: JobsService,
  ) {}

  @Get(':job_id')
  @ToolEndpoint({
    operationId: 'get_job',
    summary: 'Read an asynchronous call',
    tag: 'jobs',
    access: 'unguarded',
    ownToken: true,
    responds: JobAnswer,
    description:
      'The job as it is now, for the agent that made it: with an agent token of its own in the header Authorization.',
    errors: [
      'agent_token_invalid',
      'agent_token_expired',
      'agent_token_revoked',
      'dpop_proof_invalid',
      'agent_inactive',
      'job_not_found',
      'run_coordinator_unavailable',
      'database_unavailable',
    ],
  })
  async getJob(
    @Ctx() ctx: RequestContext,
    @Param('job_id') jobId: string,
    @Req() request: FastifyRequest,
  ): Promise<JobAnswer> {
    const grant = await this.agents.authenticateIfNeeded(ctx, request);
    return presentJob(await this.jobs.read(ctx, jobId, grant?.agentId));
  }
}
