import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What people have to approve, and whether a node run waits for that. */
export class Approvals1763770000000 implements MigrationInterface {
  readonly name = 'Approvals1763770000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table "node_runs" add column "approval" text`);
    await runner.query(
      `create table "approvals" (
         "bucket" smallint not null,
         "approval_id" text not null,
         "run_id" text not null,
         "node_run_id" text not null,
         "owner" text,
         "state" text not null,
         "action" text not null,
         "node_type_id" text not null,
         "node_type_version" text not null,
         "requested_by" json,
         "requested_at" timestamptz not null,
         "expires_at" timestamptz not null,
         "approver_roles" json,
         "reason_code" text,
         "message" text,
         "inputs" json not null,
         "decided_by" json,
         "decided_at" timestamptz,
         "comment" text,
         constraint "approvals_pkey" primary key ("bucket", "approval_id"),
         constraint "approvals_node_run_fkey" foreign key ("bucket", "node_run_id")
           references "node_runs" ("bucket", "node_run_id") on delete cascade
       )`,
    );
    await runner.query(`create index "approvals_node_run" on "approvals" ("bucket", "node_run_id")`);
    await runner.query(`create index "approvals_requested" on "approvals" ("requested_at", "approval_id")`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table "approvals"`);
    await runner.query(`alter table "node_runs" drop column "approval"`);
  }
}
