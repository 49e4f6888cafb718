import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { AtomicExecutorApi, RequestContext } from '#contract';
import { Database } from '#database';
import { Ctx, SERVICE_VERSION } from '#http';
import { TOOL_EXECUTORS } from '../tool-executors.js';
import { ToolEndpoint } from '../wire/tool-endpoint.decorator.js';
import { GatewayHealth, GatewayReadiness } from './proxy-answer.js';

@Controller('api')
export class ReadinessController {
  constructor(
    private readonly database: Database,
    @Inject(TOOL_EXECUTORS) private readonly executors: readonly AtomicExecutorApi[],
  ) {}

  @Get('health')
  @ToolEndpoint({
    operationId: 'get_gateway_health',
    summary: 'Tell that the process lives',
    tag: 'health',
    access: 'unguarded',
    responds: GatewayHealth,
    description: 'It lives; what it needs is not asked.',
  })
  getHealth(): GatewayHealth {
    const uptime = Math.round(process.uptime());
    return { status: 'healthy', timestamp: new Date().toISOString(), uptime, version: SERVICE_VERSION };
  }

  @Get('ready')
  @ToolEndpoint({
    operationId: 'get_gateway_readiness',
    summary: 'Tell whether calls can be made',
    tag: 'health',
    access: 'unguarded',
    responds: GatewayReadiness,
    description: 'The database answers, and an atomic executor. Else the same with status 503.',
  })
  async getReadiness(
    @Ctx() ctx: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<GatewayReadiness> {
    const answers = (work: Promise<unknown>) =>
      work.then(
        () => true,
        () => false,
      );
    const [database, ...executors] = await Promise.all([
      answers(this.database.ping()),
      ...this.executors.map((executor) => answers(executor.ping(ctx))),
    ]);
    const checks = { database: database === true, executor: executors.some(Boolean) };
    const ready = checks.database && checks.executor;
    if (!ready) void reply.status(503);
    return { ready, timestamp: new Date().toISOString(), checks };
  }
}
