import { Inject, Injectable } from '@nestjs/common';
import { mayReach, ownerBorder } from '#auth';
import { AppError, NODE_RUN_STATES, RUN_STATES } from '#contract';
import type { NodeRunList, NodeRunListOptions, RequestContext, RunList, RunListOptions } from '#contract';
import { Database } from '#database';
import { DEFAULT_PAGE_SIZE, NEWEST, pagesOfNodeRuns, pagesOfRuns } from '#http';
import type { PagePosition } from '#http';
import { EXTENSIONS_PREFIX } from '../presentation/extensions-prefix.js';
import { presentNodeRun } from '../presentation/present-node-run.js';
import { presentRun } from '../presentation/present-run.js';
import { bucketOfRun } from '../sharding/bucket.js';
import { ListingsRepository } from './listings.repository.js';
import type { ListedNodeRun, ListedReport } from './listings.repository.js';

const BEFORE_ALL = { createdAt: '-infinity', id: '' };

/** Lists runs and the node runs of a run, a page at a time. */
@Injectable()
export class ListingsService {
  constructor(
    private readonly database: Database,
    private readonly repository: ListingsRepository,
    @Inject(EXTENSIONS_PREFIX) private readonly extensionsPrefix: string,
  ) {}

  /**
   * Runs, newest first.
   *
   * @throws AppError invalid_request at `page_token`
   */
  async listRuns({ principal }: RequestContext, options: RunListOptions): Promise<RunList> {
    const { states, nodeTypeId, createdAfter, createdBefore, limit = DEFAULT_PAGE_SIZE, pageToken } = options;
    const pages = pagesOfRuns(options);
    const owner = ownerBorder(principal);
    const found = await this.repository.findRuns(this.database, {
      states: states ?? RUN_STATES,
      ...(owner === undefined ? {} : { owner }),
      ...(nodeTypeId === undefined ? {} : { nodeTypeId }),
      createdAfter: createdAfter ?? BEFORE_ALL.createdAt,
      olderThan: earlier(pages.read(pageToken), createdBefore),
      limit: limit + 1,
    });
    const { items, pagination } = pages.of(found, limit, (row) => ({ createdAt: row.listed_at, id: row.run_id }));
    return { runs: items.map((row) => presentRun(row, this.extensionsPrefix)), pagination };
  }

  /**
   * The node runs of a run, oldest first.
   *
   * @throws AppError run_not_found, invalid_request at `page_token`
   */
  async listNodeRuns({ principal }: RequestContext, runId: string, options: NodeRunListOptions): Promise<NodeRunList> {
    const { states, nodeTypeId, parentNodeRunId, kind, limit = DEFAULT_PAGE_SIZE, pageToken } = options;
    const pages = pagesOfNodeRuns(runId, options);
    const bucket = bucketOfRun(runId);
    const run = await this.repository.findOwner(this.database, bucket, runId);
    if (run === undefined || !mayReach(principal, { owner: run.owner, runId })) {
      throw new AppError('run_not_found', { message: `There is no run ${runId}.`, details: { run_id: runId } });
    }
    const found = await this.repository.findNodeRuns(this.database, bucket, runId, {
      states: states ?? NODE_RUN_STATES,
      nodeTypeId: nodeTypeId ?? null,
      parentNodeRunId: parentNodeRunId ?? null,
      kind: kind ?? null,
      after: pages.read(pageToken) ?? BEFORE_ALL,
      limit: limit + 1,
    });
    const { items, pagination } = pages.of(found, limit, (row) => ({ createdAt: row.listed_at, id: row.node_run_id }));
    const reports = await this.reportsOf(bucket, items);
    return {
      node_runs: items.map((row) => presentNodeRun(row, reports.get(row.node_run_id) ?? [], this.extensionsPrefix)),
      pagination,
    };
  }

  private async reportsOf(bucket: number, rows: readonly ListedNodeRun[]): Promise<Map<string, ListedReport[]>> {
    const byNodeRun = new Map<string, ListedReport[]>(rows.map(({ node_run_id }) => [node_run_id, []]));
    if (rows.length === 0) return byNodeRun;
    const reports = await this.repository.findReports(this.database, bucket, [...byNodeRun.keys()]);
    for (const report of reports) byNodeRun.get(report.node_run_id)?.push(report);
    return byNodeRun;
  }
}

/** The upper bound that is in force: of a page after the first it is where the page before ended. */
function earlier(position: PagePosition | undefined, createdBefore: string | undefined): PagePosition {
  if (position !== undefined && (createdBefore === undefined || position.createdAt < createdBefore)) return position;
  return createdBefore === undefined ? NEWEST : { createdAt: createdBefore, id: '' };
}
