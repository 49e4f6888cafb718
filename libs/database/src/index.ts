export { connectDatabase, createDataSource, describeDatabase, WRITER_SESSION } from './connect.js';
export type { ConnectOptions } from './connect.js';
export { DatabaseCheck } from './database-check.js';
export { Database, Transaction } from './database.js';
export type { Queryable, Statement } from './database.js';
export { databaseSettings } from './database-settings.js';
export type { DatabaseSettings } from './database-settings.js';
export { readDatabaseStatus } from './database-status.js';
export type { DatabaseStatus } from './database-status.js';
export { DueRows } from './due-rows.js';
export { EmbeddedPostgresError, startEmbeddedPostgres } from './embedded-postgres.js';
export type { EmbeddedPostgresOptions, RunningPostgres } from './embedded-postgres.js';
export { GroupedWrites } from './grouped-writes.js';
export { migrate } from './migrate.js';
export { findPartitions } from './partitions.js';
export type { Partition } from './partitions.js';
export {
  isDatabaseUnavailable,
  isLockTimeout,
  isRetryableConflict,
  isUniqueViolation,
  tookTooLong,
  translatePostgresError,
  UnsentError,
} from './postgres-errors.js';
export { openDatabase, provideDatabase } from './provide-database.js';
export type { ProvidedDatabase } from './provide-database.js';
export { RepeatedSweep } from './repeated-sweep.js';
export { DatabaseVersionError, readSchemaVersion, refuseNewerSchema } from './schema-version.js';
export type { SchemaVersion } from './schema-version.js';
