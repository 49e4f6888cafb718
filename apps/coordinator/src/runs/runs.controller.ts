import { Body, Controller, Get, Param, Post, StreamableFile } from '@nestjs/common';
import { Run, RunStartRequest } from '#contract';
import type { RequestContext } from '#contract';
import { BODY_ERRORS, Ctx, Endpoint, EventStream, IdempotencyKey } from '#http';
import type { EventStreamRequest } from '#http';
import { CoordinatorRunsService } from './coordinator-runs.service.js';

const TAG = 'runs';
const STORED = ['database_unavailable'] as const;
const WRITTEN = [...STORED, 'overloaded'] as const;

@Controller('v1')
export class RunsController {
  constructor(private readonly runs: CoordinatorRunsService) {}

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
      'token_request_failed',
    ],
    idempotencyKey: true,
  })
  startRun(
    @Ctx() ctx: RequestContext,
    @Body() body: RunStartRequest,
    @IdempotencyKey() idempotencyKey: string | undefined,
  ): Promise<Run> {
    return this.runs.startRun(ctx, body, idempotencyKey === undefined ? {} : { idempotencyKey });
  }

  @Get('runs/:run_id(^[^:/]+)')
  @Endpoint({
    operationId: 'get_run',
    summary: 'Get run',
    tag: TAG,
    access: 'run.read',
    responds: Run,
    description: 'Run',
    errors: [...STORED, 'run_not_found'],
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

  @Get('runs/:run_id(^[^:/]+)/events')
  @Endpoint({
    operationId: 'stream_run_events',
    summary: 'Stream run events (optional)',
    tag: TAG,
    access: 'run.read',
    responds: 'events',
    description: 'RunEvents ordered by seq: one a line (NDJSON), or Server-Sent Events whose id is the seq.',
    errors: [...STORED, 'run_not_found'],
  })
  async streamRunEvents(
    @Ctx() ctx: RequestContext,
    @Param('run_id') runId: string,
    @EventStream() stream: EventStreamRequest,
  ): Promise<StreamableFile> {
    return stream.reply(await this.runs.streamRunEvents(ctx, runId, stream.options));
  }
}
