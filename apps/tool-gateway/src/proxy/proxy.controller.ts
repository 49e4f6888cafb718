import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RequestContext } from '#contract';
import { Ctx } from '#http';
import type { ListingQuery } from '#http';
import { AgentAuthenticationService } from '../authentication/agent-authentication.service.js';
import { rotationAdvice } from '../tokens/agent-grant.js';
import { CorrelationId } from '../wire/correlation-id.js';
import { ToolEndpoint } from '../wire/tool-endpoint.decorator.js';
import { CallToolEndpoint } from './call-tool-endpoint.decorator.js';
import { CALL_LOG_PARAMETERS, readCallLogQuery } from './call-log-query.js';
import { CallLogService } from './call-log.service.js';
import { presentCallLog } from './present-call-log.js';
import { CallLog, ProxyStatus } from './proxy-answer.js';
import type { JobAccepted, ProxyAnswer } from './proxy-answer.js';
import { readProxyRequest, toolRequestOf } from './proxy-request.js';
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
  @CallToolEndpoint()
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
