import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { AtomicExecuteRequest, AtomicExecuteResult, AtomicNodeRun } from '#contract';
import type { RequestContext } from '#contract';
import { BODY_ERRORS, Ctx, Endpoint } from '#http';
import { AtomicNodeRunsService } from './atomic-node-runs.service.js';

const TAG = 'atomic_node_runs';

@Controller('v1')
export class AtomicNodeRunsController {
  constructor(private readonly atomicNodeRuns: AtomicNodeRunsService) {}

  @Post('atomic-node-runs::execute')
  @Endpoint({
    operationId: 'execute_atomic_node_run',
    summary: 'Execute atomic NodeRun',
    tag: TAG,
    access: 'node_run.execute',
    responds: AtomicExecuteResult,
    description: 'Execution result',
    errors: [...BODY_ERRORS, 'execution_overloaded', 'node_run_id_reused'],
  })
  execute(@Ctx() ctx: RequestContext, @Body() body: AtomicExecuteRequest): Promise<AtomicExecuteResult> {
    return this.atomicNodeRuns.executeAtomicNodeRun(ctx, body);
  }

  @Post('atomic-node-runs/:node_run_id(^[^:/]+)::cancel')
  @Endpoint({
    operationId: 'cancel_atomic_node_run',
    summary: 'Cancel atomic NodeRun (optional)',
    tag: TAG,
    access: 'node_run.execute',
    responds: 'nothing',
    description: 'Canceled (or cancellation requested)',
  })
  cancel(@Ctx() ctx: RequestContext, @Param('node_run_id') nodeRunId: string): Promise<void> {
    return this.atomicNodeRuns.cancelAtomicNodeRun(ctx, nodeRunId);
  }

  @Get('atomic-node-runs')
  @Endpoint({
    operationId: 'list_atomic_node_runs',
    summary: 'List the NodeRuns that wait or are at work here (beyond the standard)',
    tag: TAG,
    access: 'node_run.read',
    responds: [AtomicNodeRun],
    description: 'NodeRuns, the oldest first, with their progress',
  })
  list(@Ctx() ctx: RequestContext): AtomicNodeRun[] {
    return this.atomicNodeRuns.listAtomicNodeRuns(ctx);
  }
}
