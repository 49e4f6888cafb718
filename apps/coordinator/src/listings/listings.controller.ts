import { Controller, Get, Param, Query } from '@nestjs/common';
import { NodeRunList, RunList } from '#contract';
import type { RequestContext } from '#contract';
import {
  Ctx,
  Endpoint,
  NODE_RUN_LIST_PARAMETERS,
  readNodeRunListQuery,
  readRunListQuery,
  RUN_LIST_PARAMETERS,
} from '#http';
import type { ListingQuery } from '#http';
import { ListingsService } from './listings.service.js';

const TAG = 'runs';
const STORED = ['database_unavailable'] as const;

@Controller('v1')
export class ListingsController {
  constructor(private readonly listings: ListingsService) {}

  @Get('runs')
  @Endpoint({
    operationId: 'list_runs',
    summary: 'List runs, newest first (beyond the standard)',
    tag: TAG,
    access: 'run.read',
    responds: RunList,
    description: 'One page of runs',
    errors: STORED,
    query: RUN_LIST_PARAMETERS,
  })
  listRuns(@Ctx() ctx: RequestContext, @Query() query: ListingQuery): Promise<RunList> {
    return this.listings.listRuns(ctx, readRunListQuery(query));
  }

  @Get('runs/:run_id(^[^:/]+)/node-runs')
  @Endpoint({
    operationId: 'list_node_runs',
    summary: 'List the NodeRuns of a run, oldest first (beyond the standard)',
    tag: TAG,
    access: 'node_run.read',
    responds: NodeRunList,
    description: 'One page of NodeRuns',
    errors: [...STORED, 'run_not_found'],
    query: NODE_RUN_LIST_PARAMETERS,
  })
  listNodeRuns(
    @Ctx() ctx: RequestContext,
    @Param('run_id') runId: string,
    @Query() query: ListingQuery,
  ): Promise<NodeRunList> {
    return this.listings.listNodeRuns(ctx, runId, readNodeRunListQuery(query));
  }
}
