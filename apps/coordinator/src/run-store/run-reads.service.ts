import { Injectable } from '@nestjs/common';
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

  /** @throws AppError run_not_found */
  async run(runId: string): Promise<StoredRun> {
    const run = await this.repository.findRun(this.database, bucketOfRun(runId), runId);
    if (run === undefined) throw runNotFound(runId);
    return run;
  }

  /** @throws AppError node_run_not_found */
  async nodeRun(nodeRunId: string): Promise<StoredNodeRun> {
    const bucket = bucketOfNodeRun(nodeRunId);
    const [row] = bucket === undefined ? [] : await this.repository.findNodeRuns(this.database, bucket, [nodeRunId]);
    if (row === undefined) throw nodeRunNotFound(nodeRunId);
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
