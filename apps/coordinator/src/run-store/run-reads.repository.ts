import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { Bucket } from '../sharding/bucket.js';
import type {
  NodeRunInputsEntity,
  NodeRunReportEntity,
  NodeRunResultEntity,
} from '../tables/node-run-documents.entity.js';
import type { NodeRunEntity } from '../tables/node-run.entity.js';
import type { RunEntity, RunRequestEntity } from '../tables/run.entity.js';

/** A run with what it was started with. */
export type StoredRun = RunEntity &
  Pick<RunRequestEntity, 'request_hash' | 'run_context' | 'constraints' | 'extensions'>;

/** A node run with what it was created with, when it has ended how, and who owns its run. */
export type StoredNodeRun = NodeRunEntity &
  Pick<RunEntity, 'owner'> &
  Pick<NodeRunInputsEntity, 'inputs' | 'spec' | 'constraints'> &
  Pick<NodeRunResultEntity, 'outputs' | 'output_artifacts' | 'error'>;

/** Reads of runs and node runs by their ids. */
@Injectable()
export class RunReadsRepository {
  async findRun(db: Queryable, bucket: Bucket, runId: string): Promise<StoredRun | undefined> {
    const rows = await db.query<StoredRun>(
      `select r.bucket, r.run_id, r.tenant_id, r.state, r.root_node_run_id, r.last_seq, r.created_at, r.started_at, r.ended_at,
              r.deadline_at, r.node_count, r.steps, r.external_calls, r.cost, r.owner,
              q.request_hash, q.run_context, q.constraints, q.extensions
         from runs r
         join run_requests q on q.bucket = r.bucket and q.run_id = r.run_id
        where r.bucket = $1 and r.run_id = $2`,
      [bucket, runId],
    );
    return rows[0];
  }

  async findNodeRuns(db: Queryable, bucket: Bucket, nodeRunIds: readonly string[]): Promise<StoredNodeRun[]> {
    return db.query<StoredNodeRun>(
      `select n.bucket, n.node_run_id, n.run_id, n.parent_node_run_id, n.node_type_id, n.node_type_version, n.kind, n.state,
              n.depth, n.epoch, n.created_at, n.started_at, n.ended_at, n.child_count, n.decomposition_rounds, n.attempts, n.unsent, n.approval,
              i.inputs, i.spec, i.constraints, r.outputs, r.output_artifacts, r.error, h.owner
         from node_runs n
         join runs h on h.bucket = n.bucket and h.run_id = n.run_id
         join node_run_inputs i on i.bucket = n.bucket and i.node_run_id = n.node_run_id
         left join node_run_results r on r.bucket = n.bucket and r.node_run_id = n.node_run_id
        where n.bucket = $1 and n.node_run_id = any($2::text[])`,
      [bucket, nodeRunIds],
    );
  }

  async findReports(db: Queryable, bucket: Bucket, nodeRunIds: readonly string[]): Promise<NodeRunReportEntity[]> {
    return db.query<NodeRunReportEntity>(
      `select bucket, node_run_id, seq, evaluation_result, recovery_action, idempotency_key
         from node_run_reports
        where bucket = $1 and node_run_id = any($2::text[])
        order by node_run_id, seq`,
      [bucket, nodeRunIds],
    );
  }
}
