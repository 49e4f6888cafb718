import { Injectable } from '@nestjs/common';
import type { NodeKind, NodeRunState } from '#contract';
import type { Queryable } from '#database';
import type { Bucket } from '../sharding/bucket.js';
import type { NodeRunInputsEntity, NodeRunReportEntity, NodeRunResultEntity } from './node-run-documents.entity.js';
import { nodeRunStatesBefore, OPEN_NODE_RUN_STATES } from './node-run-state.js';
import type { NodeRunEntity } from './node-run.entity.js';

/** A node run with what it was created with and, when it has ended, how. */
export type StoredNodeRun = NodeRunEntity &
  Pick<NodeRunInputsEntity, 'inputs' | 'spec' | 'spec_hash'> &
  Pick<NodeRunResultEntity, 'outputs' | 'output_artifacts' | 'error'> & { readonly result_hash: string | null };

/** A node run to be created: its hot row and its documents. */
export interface NewNodeRun {
  readonly row: NodeRunEntity;
  readonly documents: Pick<NodeRunInputsEntity, 'inputs' | 'spec' | 'spec_hash'>;
}

const ROW_COLUMNS = `n.bucket, n.node_run_id, n.run_id, n.parent_node_run_id, n.node_type_id, n.node_type_version, n.kind, n.state,
              n.depth, n.epoch, n.owner, n.created_at, n.started_at, n.ended_at`;

/** Every statement on `node_runs`, `node_run_inputs`, `node_run_results` and `node_run_reports`. */
@Injectable()
export class NodeRunsRepository {
  async insert(tx: Queryable, bucket: Bucket, nodeRuns: readonly NewNodeRun[]): Promise<void> {
    const rows = nodeRuns.map(({ row }) => row);
    await tx.query(
      `insert into node_runs (bucket, node_run_id, run_id, parent_node_run_id, node_type_id, node_type_version, kind, state,
                              depth, epoch, owner, created_at, started_at, ended_at)
       select $1, n.* from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int[],
                                  $10::int[], $11::text[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[]) as n`,
      [
        bucket,
        rows.map((row) => row.node_run_id),
        rows.map((row) => row.run_id),
        rows.map((row) => row.parent_node_run_id),
        rows.map((row) => row.node_type_id),
        rows.map((row) => row.node_type_version),
        rows.map((row) => row.kind),
        rows.map((row) => row.state),
        rows.map((row) => row.depth),
        rows.map((row) => row.epoch),
        rows.map((row) => row.owner),
        rows.map((row) => row.created_at),
        rows.map((row) => row.started_at),
        rows.map((row) => row.ended_at),
      ],
    );
    await tx.query(
      `insert into node_run_inputs (bucket, node_run_id, inputs, spec, spec_hash)
       select $1, i.* from unnest($2::text[], $3::json[], $4::json[], $5::text[]) as i`,
      [
        bucket,
        rows.map((row) => row.node_run_id),
        nodeRuns.map(({ documents }) => JSON.stringify(documents.inputs)),
        nodeRuns.map(({ documents }) => JSON.stringify(documents.spec)),
        nodeRuns.map(({ documents }) => documents.spec_hash),
      ],
    );
  }

  async find(db: Queryable, bucket: Bucket, nodeRunId: string): Promise<StoredNodeRun | undefined> {
    const rows = await this.findMany(db, bucket, [nodeRunId]);
    return rows[0];
  }

  async findMany(db: Queryable, bucket: Bucket, nodeRunIds: readonly string[]): Promise<StoredNodeRun[]> {
    return db.query<StoredNodeRun>(
      `select ${ROW_COLUMNS}, i.inputs, i.spec, i.spec_hash, r.outputs, r.output_artifacts, r.error, r.result_hash
         from node_runs n
         join node_run_inputs i on i.bucket = n.bucket and i.node_run_id = n.node_run_id
         left join node_run_results r on r.bucket = n.bucket and r.node_run_id = n.node_run_id
        where n.bucket = $1 and n.node_run_id = any($2::text[])`,
      [bucket, nodeRunIds],
    );
  }

  async findReports(db: Queryable, bucket: Bucket, nodeRunId: string): Promise<NodeRunReportEntity[]> {
    return db.query<NodeRunReportEntity>(
      `select bucket, node_run_id, seq, evaluation_result, recovery_action
         from node_run_reports
        where bucket = $1 and node_run_id = $2
        order by seq`,
      [bucket, nodeRunId],
    );
  }

  /** The open node runs of a run, or, with `ancestor`, those below one node run. */
  async findOpen(db: Queryable, bucket: Bucket, runId: string, ancestor?: string): Promise<NodeRunEntity[]> {
    if (ancestor === undefined) {
      return db.query<NodeRunEntity>(
        `select ${ROW_COLUMNS} from node_runs n where n.bucket = $1 and n.run_id = $2 and n.state = any($3)`,
        [bucket, runId, OPEN_NODE_RUN_STATES],
      );
    }
    return db.query<NodeRunEntity>(
      `with recursive below as (
         select node_run_id from node_runs where bucket = $1 and run_id = $2 and parent_node_run_id = $4
         union all
         select c.node_run_id from node_runs c join below b on c.parent_node_run_id = b.node_run_id
          where c.bucket = $1 and c.run_id = $2
       )
       select ${ROW_COLUMNS} from node_runs n join below b on b.node_run_id = n.node_run_id
        where n.bucket = $1 and n.state = any($3)`,
      [bucket, runId, OPEN_NODE_RUN_STATES, ancestor],
    );
  }

  /** queued -> assigned with a new epoch; undefined when it is not queued any more. */
  async assign(tx: Queryable, bucket: Bucket, nodeRunId: string, owner: string): Promise<NodeRunEntity | undefined> {
    const rows = await tx.query<NodeRunEntity>(
      `update node_runs n set state = 'assigned', owner = $3, epoch = epoch + 1
        where n.bucket = $1 and n.node_run_id = $2 and n.state = any($4)
       returning ${ROW_COLUMNS}`,
      [bucket, nodeRunId, owner, nodeRunStatesBefore('assigned')],
    );
    return rows[0];
  }

  /** assigned -> running, for the holder of `epoch` only. */
  async begin(tx: Queryable, nodeRun: NodeRunEntity, kind: NodeKind, now: Date): Promise<boolean> {
    const rows = await tx.query(
      `update node_runs set state = 'running', kind = $4, started_at = $5
        where bucket = $1 and node_run_id = $2 and epoch = $3 and state = any($6)
       returning node_run_id`,
      [nodeRun.bucket, nodeRun.node_run_id, nodeRun.epoch, kind, now, nodeRunStatesBefore('running')],
    );
    return rows.length === 1;
  }

  /** running or assigned -> queued, for the holder of the epoch only. The epoch stays: the next assignment raises it. */
  async release(tx: Queryable, nodeRun: NodeRunEntity): Promise<boolean> {
    const rows = await tx.query(
      `update node_runs set state = 'queued', owner = null, started_at = null
        where bucket = $1 and node_run_id = $2 and epoch = $3 and state = any($4)
       returning node_run_id`,
      [nodeRun.bucket, nodeRun.node_run_id, nodeRun.epoch, nodeRunStatesBefore('queued')],
    );
    return rows.length === 1;
  }

  /**
   * Any open state -> a terminal one. With `epoch`, for the holder of that epoch only: a holder who lost the node run changes
   * nothing.
   */
  async end(
    tx: Queryable,
    bucket: Bucket,
    nodeRunIds: readonly string[],
    to: { readonly state: NodeRunState; readonly at: Date; readonly epoch?: number },
  ): Promise<string[]> {
    const rows = await tx.query<{ node_run_id: string }>(
      `update node_runs set state = $3, ended_at = $4,
              started_at = case when $3 = 'succeeded' then coalesce(started_at, $4) else started_at end
        where bucket = $1 and node_run_id = any($2::text[]) and state = any($5) and ($6::int is null or epoch = $6)
       returning node_run_id`,
      [bucket, nodeRunIds, to.state, to.at, OPEN_NODE_RUN_STATES, to.epoch ?? null],
    );
    return rows.map(({ node_run_id }) => node_run_id);
  }

  async insertResult(tx: Queryable, result: NodeRunResultEntity): Promise<void> {
    await tx.query(
      `insert into node_run_results (bucket, node_run_id, result_hash, outputs, output_artifacts, error)
       values ($1, $2, $3, $4, $5, $6)`,
      [
        result.bucket,
        result.node_run_id,
        result.result_hash,
        json(result.outputs),
        json(result.output_artifacts),
        json(result.error),
      ],
    );
  }

  async insertReport(tx: Queryable, report: NodeRunReportEntity): Promise<void> {
    await tx.query(
      `insert into node_run_reports (bucket, node_run_id, seq, evaluation_result, recovery_action) values ($1, $2, $3, $4, $5)`,
      [report.bucket, report.node_run_id, report.seq, json(report.evaluation_result), json(report.recovery_action)],
    );
  }
}

function json(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
