import { Body, Controller, Get, Inject, Param, Post, StreamableFile } from '@nestjs/common';
import {
  NodeRun,
  NodeRunCompleteRequest,
  NodeRunEvaluationReportRequest,
  NodeRunsCreateRequest,
  NodeRunsCreateResponse,
} from '#contract';
import type { RequestContext } from '#contract';
import { BODY_ERRORS, Ctx, Endpoint, EventStream, IdempotencyKey } from '#http';
import type { EventStreamRequest } from '#http';
import { assignmentFor } from '../assignments/assignment-for.js';
import { RunEventStreamService } from '../event-streams/run-event-stream.service.js';
import { EXTENSIONS_PREFIX } from '../presentation/extensions-prefix.js';
import { presentNodeRun } from '../presentation/present-node-run.js';
import type { ReportedNodeRun } from '../run-store/run-reads.service.js';
import { NodeRunsService } from './node-runs.service.js';

const TAG = 'node_runs';
const STORED = ['database_unavailable'] as const;
const WRITTEN = [...STORED, 'overloaded'] as const;
/** Of a report with an assignment token. */
const ASSIGNED = ['assignment_mismatch'] as const;

@Controller('v1')
export class NodeRunsController {
  constructor(
    private readonly nodeRuns: NodeRunsService,
    private readonly eventStreams: RunEventStreamService,
    @Inject(EXTENSIONS_PREFIX) private readonly extensionsPrefix: string,
  ) {}

  @Post('node-runs')
  @Endpoint({
    operationId: 'create_node_runs',
    summary: 'Create NodeRuns (subtasks)',
    tag: TAG,
    access: 'node_run.create',
    assignment: true,
    responds: NodeRunsCreateResponse,
    description: 'Created NodeRuns',
    errors: [
      ...BODY_ERRORS,
      ...WRITTEN,
      ...ASSIGNED,
      'run_not_found',
      'parent_node_run_not_found',
      'parent_node_run_mismatch',
      'parent_node_run_invalid',
      'idempotency_conflict',
      'constraint_violation',
      'node_registry_unavailable',
      'token_request_failed',
    ],
  })
  async create(@Ctx() ctx: RequestContext, @Body() body: NodeRunsCreateRequest): Promise<NodeRunsCreateResponse> {
    const assignment = assignmentFor(ctx, body.parent_node_run_id);
    const created = await this.nodeRuns.create(ctx, body, assignment?.epoch);
    return { node_runs: created.map((nodeRun) => this.present(nodeRun)) };
  }

  @Get('node-runs/:node_run_id(^[^:/]+)')
  @Endpoint({
    operationId: 'get_node_run',
    summary: 'Get NodeRun',
    tag: TAG,
    access: 'node_run.read',
    assignment: true,
    responds: NodeRun,
    description: 'NodeRun',
    errors: [...STORED, 'node_run_not_found'],
  })
  async get(@Ctx() ctx: RequestContext, @Param('node_run_id') nodeRunId: string): Promise<NodeRun> {
    return this.present(await this.nodeRuns.get(ctx, nodeRunId));
  }

  @Get('node-runs/:node_run_id(^[^:/]+)/events')
  @Endpoint({
    operationId: 'stream_node_run_events',
    summary: 'Stream NodeRun events (optional)',
    tag: TAG,
    access: 'node_run.read',
    assignment: true,
    responds: 'events',
    description:
      'RunEvents of this NodeRun and those below it, ordered by seq: one a line (NDJSON), or Server-Sent Events.',
    errors: [...STORED, 'node_run_not_found'],
  })
  async streamEvents(
    @Ctx() ctx: RequestContext,
    @Param('node_run_id') nodeRunId: string,
    @EventStream() stream: EventStreamRequest,
  ): Promise<StreamableFile> {
    return stream.reply(await this.eventStreams.ofNodeRun(ctx, nodeRunId, stream.options));
  }

  @Post('node-runs/:node_run_id(^[^:/]+)::evaluation')
  @Endpoint({
    operationId: 'report_node_run_evaluation',
    summary: 'Report evaluation for a NodeRun',
    tag: TAG,
    access: 'node_run.report',
    assignment: true,
    responds: 'nothing',
    description: 'Recorded',
    idempotencyKey: true,
    errors: [...BODY_ERRORS, ...WRITTEN, ...ASSIGNED, 'node_run_not_found', 'node_run_already_terminal'],
  })
  async evaluate(
    @Ctx() ctx: RequestContext,
    @Param('node_run_id') nodeRunId: string,
    @Body() body: NodeRunEvaluationReportRequest,
    @IdempotencyKey() idempotencyKey: string | undefined,
  ): Promise<void> {
    const assignment = assignmentFor(ctx, nodeRunId);
    return this.nodeRuns.evaluate(ctx, nodeRunId, body, {
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(assignment === undefined ? {} : { epoch: assignment.epoch }),
    });
  }

  @Post('node-runs/:node_run_id(^[^:/]+)::complete')
  @Endpoint({
    operationId: 'complete_node_run',
    summary: 'Complete a NodeRun (composite completion)',
    tag: TAG,
    access: 'node_run.report',
    assignment: true,
    responds: 'nothing',
    description: 'Completed',
    errors: [
      ...BODY_ERRORS,
      ...WRITTEN,
      ...ASSIGNED,
      'node_run_not_found',
      'node_run_already_terminal',
      'approval_required',
    ],
  })
  async complete(
    @Ctx() ctx: RequestContext,
    @Param('node_run_id') nodeRunId: string,
    @Body() body: NodeRunCompleteRequest,
  ): Promise<void> {
    const assignment = assignmentFor(ctx, nodeRunId);
    return this.nodeRuns.complete(ctx, nodeRunId, body, assignment?.epoch);
  }

  private present({ nodeRun, reports }: ReportedNodeRun): NodeRun {
    return presentNodeRun(nodeRun, reports, this.extensionsPrefix);
  }
}
