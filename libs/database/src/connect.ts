import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import type { EntityTarget, ObjectLiteral } from 'typeorm';
import { Database } from './database.js';
import { MIGRATIONS } from './migrations/migrations.js';

export interface ConnectOptions {
  /** postgres:// URL. */
  readonly url: string;
  /** Tables of the service, for the schema comparison. Statements are written by hand in repositories. */
  readonly entities: readonly EntityTarget<ObjectLiteral>[];
  readonly poolSize: number;
  /** How long to wait for a database that does not answer yet. */
  readonly connectTimeoutMs: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
}

const RETRY_EVERY_MS = 250;
const STATEMENT_TIMEOUT_MS = 30_000;

/**
 * Connects, waiting for a database that is still starting.
 *
 * @throws Error whose message says where it tried, without the password
 */
export async function connectDatabase(options: ConnectOptions): Promise<Database> {
  const giveUpAt = Date.now() + options.connectTimeoutMs;
  for (;;) {
    const dataSource = createDataSource(options);
    try {
      await dataSource.initialize();
      return new Database(dataSource);
    } catch (error) {
      if (Date.now() >= giveUpAt) {
        const reason =
          error instanceof Error && error.message !== '' ? error.message : (error as { code?: string }).code;
        throw new Error(`The ${describeDatabase(options.url)} cannot be used: ${reason ?? 'no answer'}.`, {
          cause: error,
        });
      }
      await sleep(RETRY_EVERY_MS);
    }
  }
}

/** Which database a postgres:// URL names, without its user and password: `database arp at 127.0.0.1:5432`. */
export function describeDatabase(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `database ${pathname.slice(1)} at ${hostname}:${port || 5432}`;
}

export function createDataSource(options: ConnectOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    url: options.url,
    entities: [...options.entities] as never[],
    migrations: [...MIGRATIONS],
    migrationsTableName: 'schema_migrations',
    synchronize: false,
    logging: false,
    applicationName: options.applicationName,
    poolSize: options.poolSize,
    extra: {
      connectionTimeoutMillis: Math.min(options.connectTimeoutMs, 5_000),
      statement_timeout: STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      keepAlive: true,
    },
  });
}
