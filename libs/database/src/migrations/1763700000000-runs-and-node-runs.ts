import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The coordinator's tables. `bucket` (a hash of the run id, 0-255) leads every key, so that on a distributed Postgres each
 * transaction stays on one shard; on one Postgres it costs a column.
 *
 * Rows that change (runs, node_runs) are narrow, have room on their page (fillfactor) and no index on `state`, so that updates
 * stay HOT; inputs, outputs, reports and events are insert-only and apart. `ready` is only inserted into and deleted from.
 */
export class RunsAndNodeRuns1763700000000 implements MigrationInterface {
  readonly name = 'RunsAndNodeRuns1763700000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [
      'ready',
      'node_run_reports',
      'node_run_results',
      'node_run_inputs',
      'run_events',
      'node_runs',
      'run_requests',
      'runs',
    ]) {
      await runner.query(`drop table "${table}"`);
    }
  }
}

const UP = [
  `create table "runs" (
     "bucket" smallint not null,
     "run_id" text not null,
     "tenant_id" text,
     "state" text not null,
     "root_node_run_id" text not null,
     "last_seq" integer not null,
     "created_at" timestamptz not null,
     "started_at" timestamptz,
     "ended_at" timestamptz,
     constraint "runs_pkey" primary key ("bucket", "run_id")
   ) with (fillfactor = 70)`,
  `create table "run_requests" (
     "bucket" smallint not null,
     "run_id" text not null,
     "request_hash" text not null,
     "run_context" json,
     "constraints" json,
     "metadata" json,
     "extensions" json,
     constraint "run_requests_pkey" primary key ("bucket", "run_id"),
     constraint "run_requests_run_fkey" foreign key ("bucket", "run_id") references "runs" ("bucket", "run_id") on delete cascade
   )`,
  `create table "run_events" (
     "bucket" smallint not null,
     "run_id" text not null,
     "seq" integer not null,
     "time" timestamptz not null,
     "type" text not null,
     "node_run_id" text,
     "data" json,
     constraint "run_events_pkey" primary key ("bucket", "run_id", "seq", "time")
   ) partition by range ("time")`,
  `create table "run_events_default" partition of "run_events" default`,
  `create table "node_runs" (
     "bucket" smallint not null,
     "node_run_id" text not null,
     "run_id" text not null,
     "parent_node_run_id" text,
     "node_type_id" text not null,
     "node_type_version" text not null,
     "kind" text,
     "state" text not null,
     "depth" integer not null,
     "epoch" integer not null,
     "owner" text,
     "created_at" timestamptz not null,
     "started_at" timestamptz,
     "ended_at" timestamptz,
     constraint "node_runs_pkey" primary key ("bucket", "node_run_id"),
     constraint "node_runs_run_fkey" foreign key ("bucket", "run_id") references "runs" ("bucket", "run_id") on delete cascade
   ) with (fillfactor = 70)`,
  `create index "node_runs_run" on "node_runs" ("bucket", "run_id")`,
  `create table "node_run_inputs" (
     "bucket" smallint not null,
     "node_run_id" text not null,
     "inputs" json not null,
     "spec" json not null,
     "spec_hash" text not null,
     constraint "node_run_inputs_pkey" primary key ("bucket", "node_run_id"),
     constraint "node_run_inputs_node_run_fkey" foreign key ("bucket", "node_run_id")
       references "node_runs" ("bucket", "node_run_id") on delete cascade
   )`,
  `create table "node_run_results" (
     "bucket" smallint not null,
     "node_run_id" text not null,
     "result_hash" text not null,
     "outputs" json,
     "output_artifacts" json,
     "error" json,
     constraint "node_run_results_pkey" primary key ("bucket", "node_run_id"),
     constraint "node_run_results_node_run_fkey" foreign key ("bucket", "node_run_id")
       references "node_runs" ("bucket", "node_run_id") on delete cascade
   )`,
  `create table "node_run_reports" (
     "bucket" smallint not null,
     "node_run_id" text not null,
     "seq" integer not null,
     "evaluation_result" json not null,
     "recovery_action" json,
     constraint "node_run_reports_pkey" primary key ("bucket", "node_run_id", "seq"),
     constraint "node_run_reports_node_run_fkey" foreign key ("bucket", "node_run_id")
       references "node_runs" ("bucket", "node_run_id") on delete cascade
   )`,
  `create table "ready" (
     "bucket" smallint not null,
     "node_run_id" text not null,
     "run_after" timestamptz not null,
     constraint "ready_pkey" primary key ("bucket", "node_run_id")
   )`,
];
