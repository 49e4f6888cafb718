import type { Database } from './database.js';
import { findPartitions } from './partitions.js';
import type { Partition } from './partitions.js';
import { readSchemaVersion } from './schema-version.js';
import type { SchemaVersion } from './schema-version.js';

/** What an operator wants to know of a database before and after a deployment. */
export interface DatabaseStatus {
  /** Of the PostgreSQL server, such as `18.4`. */
  readonly serverVersion: string;
  readonly version: SchemaVersion;
  /** Partitions of `run_events`. */
  readonly partitions: readonly Partition[];
  /** When the oldest run that is kept was created; absent when there is none, or no table yet. */
  readonly oldestRunAt?: Date;
}

/** Reads and changes nothing. */
export async function readDatabaseStatus(database: Database): Promise<DatabaseStatus> {
  const version = await readSchemaVersion(database);
  const [server] = await database.query<{ version: string; has_runs: boolean }>(
    `select split_part(current_setting('server_version'), ' ', 1) as version, to_regclass('runs') is not null as has_runs`,
    [],
  );
  const [oldest] =
    server?.has_runs === true
      ? await database.query<{ created_at: Date }>(`select created_at from runs order by created_at limit 1`, [])
      : [];
  return {
    serverVersion: server?.version ?? '',
    version,
    partitions: await findPartitions(database, 'run_events'),
    ...(oldest === undefined ? {} : { oldestRunAt: oldest.created_at }),
  };
}
