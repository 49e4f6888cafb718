import type { Database } from './database.js';

/** Any number that no other application of ours uses as an advisory lock. */
const MIGRATION_LOCK = 7_210_001;

/**
 * Brings the database to the version of this code. Services that start at the same time migrate once: the second waits on an
 * advisory lock and then finds nothing to do.
 *
 * @returns the names of the migrations that were applied
 */
export async function migrate(database: Database): Promise<string[]> {
  const lock = database.dataSource.createQueryRunner();
  await lock.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
  try {
    const applied = await database.dataSource.runMigrations({ transaction: 'each' });
    return applied.map(({ name }) => name);
  } finally {
    await lock.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    await lock.release();
  }
}
