import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who owns a run: null for one that was started without authentication. */
export class Owners1763760000000 implements MigrationInterface {
  readonly name = 'Owners1763760000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table "runs" add column "owner" text`);
    await runner.query(
      `create index "runs_owner" on "runs" ("owner", "created_at", "run_id") where "owner" is not null`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop index "runs_owner"`);
    await runner.query(`alter table "runs" drop column "owner"`);
  }
}
