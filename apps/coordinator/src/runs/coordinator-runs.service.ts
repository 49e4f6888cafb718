import { Inject, Injectable } from '@nestjs/common';
import { RunsApi } from '#contract';
import type {
  EventStreamOptions,
  NodeRunList,
  NodeRunListOptions,
  RequestContext,
  Run,
  RunEvent,
  RunList,
  RunListOptions,
  RunStartRequest,
  StartRunOptions,
} from '#contract';
import { Database } from '#database';
import { RunEventStreamService } from '../event-streams/run-event-stream.service.js';
import { ListingsService } from '../listings/listings.service.js';
import { EXTENSIONS_PREFIX } from '../presentation/extensions-prefix.js';
import { presentRun } from '../presentation/present-run.js';
import { RunsService } from './runs.service.js';

/** The run endpoints of the coordinator, for its controllers and for a gateway in the same process. */
@Injectable()
export class CoordinatorRunsService extends RunsApi {
  constructor(
    private readonly runs: RunsService,
    private readonly listings: ListingsService,
    private readonly eventStreams: RunEventStreamService,
    private readonly database: Database,
    @Inject(EXTENSIONS_PREFIX) private readonly extensionsPrefix: string,
  ) {
    super();
  }

  async startRun(ctx: RequestContext, request: RunStartRequest, options?: StartRunOptions): Promise<Run> {
    return presentRun(await this.runs.startRun(ctx, request, options), this.extensionsPrefix);
  }

  async getRun(ctx: RequestContext, runId: string): Promise<Run> {
    return presentRun(await this.runs.getRun(ctx, runId), this.extensionsPrefix);
  }

  listRuns(ctx: RequestContext, options: RunListOptions): Promise<RunList> {
    return this.listings.listRuns(ctx, options);
  }

  listNodeRuns(ctx: RequestContext, runId: string, options: NodeRunListOptions): Promise<NodeRunList> {
    return this.listings.listNodeRuns(ctx, runId, options);
  }

  async cancelRun(ctx: RequestContext, runId: string): Promise<Run> {
    return presentRun(await this.runs.cancelRun(ctx, runId), this.extensionsPrefix);
  }

  streamRunEvents(ctx: RequestContext, runId: string, options: EventStreamOptions): Promise<AsyncIterable<RunEvent>> {
    return this.eventStreams.ofRun(ctx, runId, options);
  }

  ping(): Promise<void> {
    return this.database.ping();
  }
}
