import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How often in a row a node run reached no executor, beside the executions that were begun: until now these counted as such. */
export class Unsent1763790000000 implements MigrationInterface {
  readonly name = 'Unsent1763790000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table "node_runs" add column "unsent" integer not null default 0`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table "node_runs" drop column "unsent"`);
  }
}
