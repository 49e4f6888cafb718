import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the approval webhook is still to be told, and indexes for listings of approvals: of what is pending, of an owner, of a run. What
 * is asked for most is pending, and there is little of it among much that was decided.
 */
export class ApprovalNotices1763771000000 implements MigrationInterface {
  readonly name = 'ApprovalNotices1763771000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}

const UP = [
  `create table "approval_notices" (
     "bucket" smallint not null,
     "approval_id" text not null,
     "type" text not null,
     "occurred_at" timestamptz not null,
     "due_at" timestamptz not null,
     "attempts" integer not null,
     constraint "approval_notices_pkey" primary key ("bucket", "approval_id", "type"),
     constraint "approval_notices_approval_fkey" foreign key ("bucket", "approval_id")
       references "approvals" ("bucket", "approval_id") on delete cascade
   )`,
  `create index "approval_notices_due" on "approval_notices" ("due_at")`,
  `create index "approvals_pending" on "approvals" ("requested_at", "approval_id") where "state" = 'pending'`,
  `create index "approvals_owner" on "approvals" ("owner", "requested_at", "approval_id") where "owner" is not null`,
  `create index "approvals_run" on "approvals" ("run_id")`,
];

const DOWN = [
  `drop index "approvals_run"`,
  `drop index "approvals_owner"`,
  `drop index "approvals_pending"`,
  `drop table "approval_notices"`,
];
