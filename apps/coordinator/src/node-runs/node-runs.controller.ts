import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import type { Readable } from 'node:stream';
import {
  NodeRun,
  NodeRunCompleteRequest,
  NodeRunEvaluationReportRequest,
  NodeRunsCreateRequest,
  NodeRunsCreateResponse,
} from '#contract';
import type { RequestContext } from '#contract';
import { BODY_ERRORS, Ctx, Endpoint, ndjson, readEventStreamQuery } from '#http';
import type { EventStreamQuery } from '#http';
import { EXTENSIONS_PREFIX } from '../presentation/extensions-prefix.js';
import { presentNodeRun } from '../presentation/present-node-run.js';
import { NodeRunsService } from './node-runs.service.js';
import type { ReportedNodeRun } from './node-runs.service.js';

const TAG = 'node_runs';
const STORED = ['database_unavailable'] as const;

@Controller('v1')
export class NodeRunsController {
  constructor(
    private readonly nodeRuns: NodeRunsService,
    @Inject(EXTENSIONS_PREFIX) private readonly extensionsPrefix: string,
  ) {}

  @Post('node-runs')
  @Endpoint({
    operationId: 'create_node_runs',
    summary: 'Create NodeRuns (subtasks)',
    tag: TAG,
    access: 'node_run.create',
    responds: NodeRunsCreateResponse,
    description: 'Created NodeRuns',
    errors: [
      ...BODY_ERRORS,
      ...STORED,
      'run_not_found',
      'parent_node_run_not_found',
      'parent_node_run_mismatch',
      'parent_node_run_invalid',
      'idempotency_conflict',
    ],
  })
  async create(@Ctx() ctx: RequestContext, @Body() body: NodeRunsCreateRequest): Promise<NodeRunsCreateResponse> {
    const created = await this.nodeRuns.create(ctx, body);
    return { node_runs: created.map((nodeRun) => this.present(nodeRun)) };
  }

  @Get('node-runs/:node_run_id(^[^:/]+)')
  @Endpoint({
    operationId: 'get_node_run',
    summary: 'Get NodeRun',
    tag: TAG,
    access: 'node_run.read',
    responds: NodeRun,
    description: 'NodeRun',
    errors: [...STORED, 'node_run_not_found'],
  })
  async get(@Param('node_run_id') nodeRunId: string): Promise<NodeRun> {
    return this.present(await this.nodeRuns.get(nodeRunId));
  }

  @Get('node-runs/:node_run_id(^[^:/]+)/events')
  @Endpoint({
    operationId: 'stream_node_run_events',
    summary: 'Stream NodeRun events (optional)',
    tag: TAG,
    access: 'node_run.read',
    responds: 'events',
    description: 'NDJSON: one RunEvent a line, of this NodeRun and those below it, ordered by seq.',
    errors: [...STORED, 'node_run_not_found'],
  })
  async streamEvents(
    @Ctx() ctx: RequestContext,
    @Param('node_run_id') nodeRunId: string,
    @Query() query: EventStreamQuery,
  ): Promise<Readable> {
    return ndjson(await this.nodeRuns.streamEvents(ctx, nodeRunId, readEventStreamQuery(query)));
  }

  @Post('node-runs/:node_run_id(^[^:/]+)::evaluation')
  @Endpoint({
    operationId: 'report_node_run_evaluation',
    summary: 'Report evaluation for a NodeRun',
    tag: TAG,
    access: 'node_run.report',
    responds: 'nothing',
    description: 'Recorded',
    errors: [...BODY_ERRORS, ...STORED, 'node_run_not_found', 'node_run_already_terminal'],
  })
  evaluate(
    @Ctx() ctx: RequestContext,
    @Param('node_run_id') nodeRunId: string,
    @Body() body: NodeRunEvaluationReportRequest,
  ): Promise<void> {
    return this.nodeRuns.evaluate(ctx, nodeRunId, body);
  }

  @Post('node-runs/:node_run_id(^[^:/]+)::complete')
  @Endpoint({
    operationId: 'complete_node_run',
    summary: 'Complete a NodeRun (composite completion)',
    tag: TAG,
    access: 'node_run.report',
    responds: 'nothing',
    description: 'Completed',
    errors: [...BODY_ERRORS, ...STORED, 'node_run_not_found', 'node_run_already_terminal'],
  })
  complete(
    @Ctx() ctx: RequestContext,
    @Param('node_run_id') nodeRunId: string,
    @Body() body: NodeRunCompleteRequest,
  ): Promise<void> {
    return this.nodeRuns.complete(ctx, nodeRunId, body);
  }

  private present({ nodeRun, reports }: ReportedNodeRun): NodeRun {
    return presentNodeRun(nodeRun, reports, this.extensionsPrefix);
  }
}
