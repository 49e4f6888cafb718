import { Body, Controller, Get, Inject, Param, Post, Query, StreamableFile } from '@nestjs/common';
import { FORWARDERS, stampIdentity } from '#auth';
import { NodeRunList, Run, RunList, RunsApi, RunStartRequest } from '#contract';
import type { RequestContext } from '#contract';
import {
  BODY_ERRORS,
  Ctx,
  Endpoint,
  EventStream,
  IdempotencyKey,
  NODE_RUN_LIST_PARAMETERS,
  readNodeRunListQuery,
  readRunListQuery,
  RUN_LIST_PARAMETERS,
} from '#http';
import type { EventStreamRequest, ListingQuery } from '#http';

const TAG = 'runs';
const FORWARDED = ['run_coordinator_unavailable', 'token_request_failed', 'database_unavailable'] as const;
const WRITTEN = [...FORWARDED, 'overloaded'] as const;

@Controller('v1')
export class RunsController {
  constructor(
    private readonly runs: RunsApi,
    @Inject(FORWARDERS) private readonly forwarders: readonly string[],
  ) {}

  @Post('runs')
  @Endpoint({
    operationId: 'start_run',
    summary: 'Start run',
    tag: TAG,
    access: 'run.start',
    responds: Run,
    description: 'Run',
    errors: [
      ...BODY_ERRORS,
      ...WRITTEN,
      'run_already_exists',
      'idempotency_conflict',
      'constraint_violation',
      'node_registry_unavailable',
    ],
    idempotencyKey: true,
  })
  startRun(
    @Ctx() ctx: RequestContext,
    @Body() body: RunStartRequest,
    @IdempotencyKey() idempotencyKey: string | undefined,
  ): Promise<Run> {
    const request = stampIdentity(ctx.principal, body, this.forwarders);
    return this.runs.startRun(ctx, request, idempotencyKey === undefined ? {} : { idempotencyKey });
  }

  @Get('runs')
  @Endpoint({
    operationId: 'list_runs',
    summary: 'List runs, newest first (beyond the standard)',
    tag: TAG,
    access: 'run.read',
    responds: RunList,
    description: 'One page of runs',
    errors: FORWARDED,
    query: RUN_LIST_PARAMETERS,
  })
  listRuns(@Ctx() ctx: RequestContext, @Query() query: ListingQuery): Promise<RunList> {
    return this.runs.listRuns(ctx, readRunListQuery(query));
  }

  @Get('runs/:run_id(^[^:/]+)')
  @Endpoint({
    operationId: 'get_run',
    summary: 'Get run',
    tag: TAG,
    access: 'run.read',
    responds: Run,
    description: 'Run',
    errors: [...FORWARDED, 'run_not_found'],
  })
  getRun(@Ctx() ctx: RequestContext, @Param('run_id') runId: string): Promise<Run> {
    return this.runs.getRun(ctx, runId);
  }

  @Post('runs/:run_id(^[^:/]+)::cancel')
  @Endpoint({
    operationId: 'cancel_run',
    summary: 'Cancel run',
    tag: TAG,
    access: 'run.cancel',
    responds: Run,
    description: 'Run',
    errors: [...WRITTEN, 'run_not_found'],
  })
  cancelRun(@Ctx() ctx: RequestContext, @Param('run_id') runId: string): Promise<Run> {
    return this.runs.cancelRun(ctx, runId);
  }

  @Get('runs/:run_id(^[^:/]+)/node-runs')
  @Endpoint({
    operationId: 'list_node_runs',
    summary: 'List the NodeRuns of a run, oldest first (beyond the standard)',
    tag: TAG,
    access: 'node_run.read',
    responds: NodeRunList,
    description: 'One page of NodeRuns',
    errors: [...FORWARDED, 'run_not_found'],
    query: NODE_RUN_LIST_PARAMETERS,
  })
  listNodeRuns(
    @Ctx() ctx: RequestContext,
    @Param('run_id') runId: string,
    @Query() query: ListingQuery,
  ): Promise<NodeRunList> {
    return this.runs.listNodeRuns(ctx, runId, readNodeRunListQuery(query));
  }

  @Get('runs/:run_id(^[^:/]+)/events')
  @Endpoint({
    operationId: 'stream_run_events',
    summary: 'Stream run events (optional)',
    tag: TAG,
    access: 'run.read',
    responds: 'events',
    description: 'RunEvents ordered by seq: one a line (NDJSON), or Server-Sent Events whose id is the seq.',
    errors: [...FORWARDED, 'run_not_found'],
  })
  async streamRunEvents(
    @Ctx() ctx: RequestContext,
    @Param('run_id') runId: string,
    @EventStream() stream: EventStreamRequest,
  ): Promise<StreamableFile> {
    return stream.reply(await this.runs.streamRunEvents(ctx, runId, stream.options));
  }
}
