import { Injectable } from '@nestjs/common';
import { mayReach } from '#auth';
import type { Principal } from '#contract';
import { Database } from '#database';
import { nodeRunNotFound } from '../lifecycle/reports.js';
import { runNotFound } from '../lifecycle/run-draft.js';
import { bucketOfNodeRun, bucketOfRun } from '../sharding/bucket.js';
import type { NodeRunReportEntity } from '../tables/node-run-documents.entity.js';
import { RunReadsRepository } from './run-reads.repository.js';
import type { StoredNodeRun, StoredRun } from './run-reads.repository.js';

/** A node run with its reports, oldest first. */
export interface ReportedNodeRun {
  readonly nodeRun: StoredNodeRun;
  readonly reports: readonly NodeRunReportEntity[];
}

/** Runs and node runs as they are stored. */
@Injectable()
export class RunReadsService {
  constructor(
    private readonly database: Database,
    private readonly repository: RunReadsRepository,
  ) {}

  /**
   * @param asking who wants to know
   * @throws AppError run_not_found: there is none, or none that he may know of
   */
  async run(asking: Principal, runId: string): Promise<StoredRun> {
    const run = await this.repository.findRun(this.database, bucketOfRun(runId), runId);
    if (run === undefined || !mayReach(asking, { owner: run.owner, runId })) throw runNotFound(runId);
    return run;
  }

  /**
   * @param asking who wants to know
   * @throws AppError node_run_not_found: there is none, or none that he may know of
   */
  async nodeRun(asking: Principal, nodeRunId: string): Promise<StoredNodeRun> {
    const bucket = bucketOfNodeRun(nodeRunId);
    const [row] = bucket === undefined ? [] : await this.repository.findNodeRuns(this.database, bucket, [nodeRunId]);
    if (row === undefined || !mayReach(asking, { owner: row.owner, runId: row.run_id })) {
      throw nodeRunNotFound(nodeRunId);
    }
    return row;
  }

  /** Node runs of one run with their reports, in the order of the ids; ids without a row are left out. */
  async reportedNodeRuns(runId: string, nodeRunIds: readonly string[]): Promise<ReportedNodeRun[]> {
    const bucket = bucketOfRun(runId);
    const [rows, reports] = await Promise.all([
      this.repository.findNodeRuns(this.database, bucket, nodeRunIds),
      this.repository.findReports(this.database, bucket, nodeRunIds),
    ]);
    const byId = new Map(rows.map((row) => [row.node_run_id, row]));
    return nodeRunIds.flatMap((id) => {
      const nodeRun = byId.get(id);
      if (nodeRun === undefined) return [];
      return [{ nodeRun, reports: reports.filter(({ node_run_id }) => node_run_id === id) }];
    });
  }
}
