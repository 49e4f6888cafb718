import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RequestContext } from '#contract';
import { BODY_ERRORS, Ctx } from '#http';
import type { ListingQuery } from '#http';
import { AgentAuthenticationService } from '../authentication/agent-authentication.service.js';
import { rotationAdvice } from '../tokens/agent-grant.js';
import { CorrelationId } from '../wire/correlation-id.js';
import { ToolEndpoint } from '../wire/tool-endpoint.decorator.js';
import { CALL_LOG_PARAMETERS, readCallLogQuery } from './call-log-query.js';
import { CallLogService } from './call-log.service.js';
import { presentCallLog } from './present-call-log.js';
import { CallLog, JobAccepted, ProxyAnswer, ProxyStatus } from './proxy-answer.js';
import { ProxyRequest, readProxyRequest, toolRequestOf } from './proxy-request.js';
import { ProxyService } from './proxy.service.js';
import { ProxyStatusService } from './proxy-status.service.js';

const TAG = 'calls';

@Controller('api')
export class ProxyController {
  constructor(
    private readonly agents: AgentAuthenticationService,
    private readonly proxy: ProxyService,
    private readonly status: ProxyStatusService,
    private readonly log: CallLogService,
  ) {}

  @Post('proxy-request')
  @ApiBody({ type: ProxyRequest })
  @ApiResponse({ status: 202, description: 'With `async`: the call was taken on as a job.', type: JobAccepted })
  @ToolEndpoint({
    operationId: 'call_tool',
    summary: 'Call a tool',
    tag: TAG,
    access: 'unguarded',
    idempotencyKey: true,
    responds: ProxyAnswer,
    description: 'The answer of the tool.',
    errors: [
      ...BODY_ERRORS,
      'agent_token_invalid',
      'agent_token_expired',
      'agent_token_revoked',
      'dpop_proof_invalid',
      'agent_inactive',
      'unknown_tool',
      'tool_not_permitted',
      'idempotency_conflict',
      'idempotency_in_progress',
      'tool_params_invalid',
      'tool_policy_denied',
      'tool_rate_limited',
      'tool_quota_exceeded',
      'tool_circuit_open',
      'tool_overloaded',
      'execution_overloaded',
      'tool_not_configured',
      'tool_upstream_error',
      'tool_upstream_timeout',
      'tool_outcome_unknown',
      'tool_response_blocked',
      'atomic_executor_unavailable',
      'jobs_unconfigured',
      'database_unavailable',
    ],
  })
  async callTool(
    @Ctx() ctx: RequestContext,
    @CorrelationId() correlationId: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProxyAnswer | JobAccepted> {
    const said = readProxyRequest(body);
    const wanted = toolRequestOf(said, request.headers['idempotency-key']);
    const grant = await this.agents.authenticate(ctx, request, { token: said.agent_token, tokenId: said.token_id });
    const expiry = rotationAdvice(grant, new Date());
    if (expiry !== undefined) {
      void reply.headers({
        'x-token-rotation-recommended': 'true',
        'x-token-expires-at': expiry.toISOString(),
      });
    }
    const answer = await this.proxy.call(ctx, grant, wanted, correlationId);
    if ('job_id' in answer) void reply.status(202);
    return answer;
  }

  @Get('proxy/status')
  @ToolEndpoint({
    operationId: 'get_proxy_status',
    summary: 'Tell which tools there are',
    tag: TAG,
    access: 'tool_call.read',
    responds: ProxyStatus,
    description: 'The tools, their actions, and whether they have the credentials that they need.',
    errors: ['atomic_executor_unavailable', 'database_unavailable'],
  })
  getStatus(@Ctx() ctx: RequestContext): Promise<ProxyStatus> {
    return this.status.read(ctx);
  }

  @Get('proxy/logs')
  @ToolEndpoint({
    operationId: 'list_tool_calls',
    summary: 'List calls, newest first',
    tag: TAG,
    access: 'tool_call.read',
    responds: CallLog,
    description: 'Calls of the agents of the caller; neither parameters nor answers.',
    errors: ['database_unavailable'],
    query: CALL_LOG_PARAMETERS,
  })
  async listCalls(@Ctx() ctx: RequestContext, @Query() query: ListingQuery): Promise<CallLog> {
    return presentCallLog(await this.log.list(ctx, readCallLogQuery(query)), new Date());
  }
}
