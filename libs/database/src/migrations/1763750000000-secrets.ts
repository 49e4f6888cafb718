import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Secrets that the coordinators of a database share when none is given: one row per use, made by whoever needs it first. */
export class Secrets1763750000000 implements MigrationInterface {
  readonly name = 'Secrets1763750000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create table "secrets" (
         "name" text not null,
         "value" text not null,
         "created_at" timestamptz not null,
         constraint "secrets_pkey" primary key ("name")
       )`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table "secrets"`);
  }
}
