import { MigrationExecutor } from 'typeorm';
import type { Database } from './database.js';

/** Any number that no other application of ours uses as an advisory lock. */
const MIGRATION_LOCK = 7_210_001;

/**
 * Brings the database to the version of this code. Services that start at the same time migrate once: the second waits on an
 * advisory lock and then finds nothing to do. Neither the wait nor a migration of a large table has a time limit.
 *
 * @returns the names of the migrations that were applied
 */
export async function migrate(database: Database): Promise<string[]> {
  const { dataSource } = database;
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('set statement_timeout = 0');
    await runner.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const executor = new MigrationExecutor(dataSource, runner);
    executor.transaction = 'each';
    const applied = await executor.executePendingMigrations();
    return applied.map(({ name }) => name);
  } finally {
    // The connection returns to the pool as it came. One that broke has lost lock and settings by itself.
    await runner.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await runner.query('reset statement_timeout').catch(() => undefined);
    await runner.release();
  }
}
