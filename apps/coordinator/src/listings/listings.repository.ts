import { Injectable } from '@nestjs/common';
import type { NodeRunState, RunState } from '#contract';
import type { Queryable } from '#database';
import type { PresentableNodeRun, PresentableReport } from '../presentation/present-node-run.js';
import type { PresentableRun } from '../presentation/present-run.js';
import type { Bucket } from '../sharding/bucket.js';

/** Where a row stands in its listing. */
export interface Position {
  /** UTC with microseconds, or `infinity` / `-infinity`, as PostgreSQL has it. */
  readonly createdAt: string;
  readonly id: string;
}

/** Which runs to find. */
export interface RunsPage {
  readonly states: readonly RunState[];
  /** Any when absent. */
  readonly owner?: string;
  /** Node type id of the root node run; any when absent. */
  readonly nodeTypeId?: string;
  /** Inclusive. */
  readonly createdAfter: string;
  /** Only runs that are older than this: the last run of the page before, or a time (with an empty id: exclusive). */
  readonly olderThan: Position;
  readonly limit: number;
}

/** Which node runs of a run to find. */
export interface NodeRunsPage {
  readonly states: readonly NodeRunState[];
  readonly nodeTypeId: string | null;
  readonly parentNodeRunId: string | null;
  readonly kind: string | null;
  /** The last node run of the page before, which is older than all of this page. */
  readonly after: Position;
  readonly limit: number;
}

/** `created_at` of a row as its position has it: a Date would lose the microseconds. */
export interface Listed {
  readonly listed_at: string;
}

export type ListedRun = PresentableRun & Listed;
export type ListedNodeRun = PresentableNodeRun & Listed;
export type ListedReport = PresentableReport & { readonly node_run_id: string };

const LISTED_AT = `to_char(p.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as listed_at`;

const ofNodeType = (parameter: number): string => `
            and (select n.node_type_id from node_runs n where n.bucket = r.bucket and n.node_run_id = r.root_node_run_id) = $${parameter}::text`;

const ofOwner = (parameter: number): string => ` and r.owner = $${parameter}::text`;

/**
 * Reads of many runs or node runs at once; writes nothing. Bounds are always given, infinite where there is none, so that a
 * plan that was made before their values are known uses the index too. What belongs to a row is looked up row by row
 * (`lateral … limit 1`): such a plan, which takes a page for a tenth of the table, would else read the other table as a whole.
 */
@Injectable()
export class ListingsRepository {
  /**
   * Newest first, over all buckets, by the index on created_at, or that on (owner, created_at, run_id). There is one upper bound and not two: PostgreSQL would
   * begin at the wider one and walk the index from there to the page.
   */
  async findRuns(db: Queryable, page: RunsPage): Promise<ListedRun[]> {
    const parameters: unknown[] = [
      page.states,
      page.createdAfter,
      page.olderThan.createdAt,
      page.olderThan.id,
      page.limit,
    ];
    const only = [
      ...(page.owner === undefined ? [] : [ofOwner(parameters.push(page.owner))]),
      ...(page.nodeTypeId === undefined ? [] : [ofNodeType(parameters.push(page.nodeTypeId))]),
    ].join('');
    return db.query<ListedRun>(
      `with page as (
         select r.bucket, r.run_id, r.state, r.root_node_run_id, r.created_at, r.started_at, r.ended_at
           from runs r
          where r.state = any($1::text[]) and r.created_at >= $2::timestamptz
            and (r.created_at, r.run_id) < ($3::timestamptz, $4::text)${only}
          order by r.created_at desc, r.run_id desc
          limit $5::int
       )
       select p.run_id, p.state, p.root_node_run_id, p.started_at, p.ended_at, q.run_context, q.constraints, q.extensions,
              ${LISTED_AT}
         from page p
        cross join lateral (
           select run_context, constraints, extensions from run_requests
            where bucket = p.bucket and run_id = p.run_id limit 1
         ) q
        order by p.created_at desc, p.run_id desc`,
      parameters,
    );
  }

  /** @returns undefined when there is no such run; an owner of null is no owner */
  async findOwner(db: Queryable, bucket: Bucket, runId: string): Promise<{ owner: string | null } | undefined> {
    const rows = await db.query<{ owner: string | null }>(`select owner from runs where bucket = $1 and run_id = $2`, [
      bucket,
      runId,
    ]);
    return rows[0];
  }

  /** Oldest first. */
  async findNodeRuns(db: Queryable, bucket: Bucket, runId: string, page: NodeRunsPage): Promise<ListedNodeRun[]> {
    return db.query<ListedNodeRun>(
      `with page as (
         select n.bucket, n.node_run_id, n.run_id, n.parent_node_run_id, n.node_type_id, n.node_type_version, n.kind, n.state,
                n.created_at, n.started_at, n.ended_at, n.decomposition_rounds
           from node_runs n
          where n.bucket = $1 and n.run_id = $2 and (n.created_at, n.node_run_id) > ($3::timestamptz, $4::text)
            and n.state = any($5::text[])
            and ($6::text is null or n.node_type_id = $6) and ($7::text is null or n.parent_node_run_id = $7)
            and ($8::text is null or n.kind = $8)
          order by n.created_at, n.node_run_id
          limit $9::int
       )
       select p.*, i.inputs, i.spec, i.constraints, r.outputs, r.output_artifacts, r.error,
              ${LISTED_AT}
         from page p
        cross join lateral (
           select inputs, spec, constraints from node_run_inputs where bucket = p.bucket and node_run_id = p.node_run_id limit 1
         ) i
         left join lateral (
           select outputs, output_artifacts, error from node_run_results
            where bucket = p.bucket and node_run_id = p.node_run_id limit 1
         ) r on true
        order by p.created_at, p.node_run_id`,
      [
        bucket,
        runId,
        page.after.createdAt,
        page.after.id,
        page.states,
        page.nodeTypeId,
        page.parentNodeRunId,
        page.kind,
        page.limit,
      ],
    );
  }

  /** The reports of these node runs, those of each oldest first. */
  async findReports(db: Queryable, bucket: Bucket, nodeRunIds: readonly string[]): Promise<ListedReport[]> {
    return db.query<ListedReport>(
      `select node_run_id, evaluation_result, recovery_action
         from node_run_reports
        where bucket = $1 and node_run_id = any($2::text[])
        order by node_run_id, seq`,
      [bucket, nodeRunIds],
    );
  }
}
