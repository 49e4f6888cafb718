import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What recovery, deadlines and limits need. `leases` says which coordinator process works on which node run, `coordinators` has
 * one heartbeat row per process, `timers` holds everything that is due at a time; all of them are only inserted into and deleted
 * from, apart from the heartbeat. Counters of limits and budgets are on the rows that a command locks anyway.
 */
export class LeasesTimersLimits1763740000000 implements MigrationInterface {
  readonly name = 'LeasesTimersLimits1763740000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}

const UP = [
  `alter table "runs"
     add column "deadline_at" timestamptz,
     add column "node_count" integer not null default 1,
     add column "steps" integer not null default 0,
     add column "external_calls" integer not null default 0,
     add column "cost" double precision not null default 0`,
  `create index "runs_created" on "runs" ("created_at")`,
  `alter table "node_runs"
     drop column "owner",
     add column "child_count" integer not null default 0,
     add column "decomposition_rounds" integer not null default 0,
     add column "attempts" integer not null default 0`,
  `alter table "node_run_inputs" add column "constraints" json`,
  `alter table "node_run_reports" add column "idempotency_key" text`,
  `drop table "ready"`,
  `create table "ready" (
     "bucket" smallint not null,
     "node_run_id" text not null,
     "run_id" text not null,
     "tenant_id" text not null,
     "run_after" timestamptz not null,
     constraint "ready_pkey" primary key ("bucket", "node_run_id")
   )`,
  `insert into "ready" ("bucket", "node_run_id", "run_id", "tenant_id", "run_after")
   select n."bucket", n."node_run_id", n."run_id", coalesce(r."tenant_id", ''), now()
     from "node_runs" n join "runs" r on r."bucket" = n."bucket" and r."run_id" = n."run_id"
    where n."state" in ('queued', 'assigned')`,
  `update "node_runs" set "state" = 'queued' where "state" = 'assigned'`,
  `create index "ready_tenant" on "ready" ("tenant_id", "run_after")`,
  `create table "leases" (
     "bucket" smallint not null,
     "node_run_id" text not null,
     "run_id" text not null,
     "owner" text not null,
     "epoch" integer not null,
     "repeatable" boolean not null,
     constraint "leases_pkey" primary key ("bucket", "node_run_id")
   )`,
  `insert into "leases" ("bucket", "node_run_id", "run_id", "owner", "epoch", "repeatable")
   select "bucket", "node_run_id", "run_id", '', "epoch", false from "node_runs" where "state" = 'running' and "kind" = 'atomic'`,
  `create index "leases_owner" on "leases" ("owner")`,
  `create table "timers" (
     "bucket" smallint not null,
     "run_id" text not null,
     "node_run_id" text not null,
     "kind" text not null,
     "due_at" timestamptz not null,
     "attempts" integer not null,
     constraint "timers_pkey" primary key ("bucket", "run_id", "node_run_id", "kind")
   )`,
  `create index "timers_due" on "timers" ("due_at")`,
  `create table "coordinators" (
     "coordinator_id" text not null,
     "started_at" timestamptz not null,
     "heartbeat_at" timestamptz not null,
     constraint "coordinators_pkey" primary key ("coordinator_id")
   )`,
];

const DOWN = [
  `drop table "coordinators"`,
  `drop table "timers"`,
  `drop table "leases"`,
  `drop table "ready"`,
  `create table "ready" (
     "bucket" smallint not null,
     "node_run_id" text not null,
     "run_after" timestamptz not null,
     constraint "ready_pkey" primary key ("bucket", "node_run_id")
   )`,
  `insert into "ready" select "bucket", "node_run_id", now() from "node_runs" where "state" = 'queued'`,
  `alter table "node_run_reports" drop column "idempotency_key"`,
  `alter table "node_run_inputs" drop column "constraints"`,
  `alter table "node_runs"
     add column "owner" text,
     drop column "child_count",
     drop column "decomposition_rounds",
     drop column "attempts"`,
  `drop index "runs_created"`,
  `alter table "runs"
     drop column "deadline_at",
     drop column "node_count",
     drop column "steps",
     drop column "external_calls",
     drop column "cost"`,
];
