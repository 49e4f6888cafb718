import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
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
  /** Connections for the group commit, beside the pool. Default 2: more of them make smaller groups. */
  readonly writers?: number;
  /** How long to wait for a database that does not answer yet. */
  readonly connectTimeoutMs: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
}

const RETRY_EVERY_MS = 250;
const STATEMENT_TIMEOUT_MS = 30_000;
/** A server that does not answer at all (stopped, cut off) is given up after this time. */
const QUERY_TIMEOUT_MS = 10_000;
const WRITERS = 2;

/**
 * Statements are parsed once per connection and planned each time: a plan that was made when a table was empty scans it, or takes
 * the wrong index, when it has grown; and statistics come too late for a queue that fills within a second.
 */
const READER_SESSION = '-c plan_cache_mode=force_custom_plan';

/**
 * Writers hold the locks of runs. One whose process was stopped in the middle must let go before others take its work over. Their
 * statements find rows by key, so a table is never scanned.
 */
export const WRITER_SESSION = [
  'plan_cache_mode=force_custom_plan',
  'idle_in_transaction_session_timeout=4s',
  'lock_timeout=5s',
  'statement_timeout=8s',
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'enable_material=off',
  'enable_bitmapscan=off',
  'jit=off',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

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
      return new Database(
        dataSource,
        createPool(options),
        createWriters(options),
        createPool({ ...options, poolSize: 1 }),
      );
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
    poolSize: 2,
    extra: { connectionTimeoutMillis: connectTimeout(options) },
  });
}

function createPool(options: ConnectOptions): pg.Pool {
  return quiet(
    new pg.Pool({
      connectionString: options.url,
      application_name: options.applicationName,
      max: options.poolSize,
      connectionTimeoutMillis: connectTimeout(options),
      query_timeout: QUERY_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      options: READER_SESSION,
      keepAlive: true,
    }),
  );
}

function createWriters(options: ConnectOptions): pg.Pool {
  return quiet(
    new pg.Pool({
      connectionString: options.url,
      application_name: options.applicationName,
      max: options.writers ?? WRITERS,
      connectionTimeoutMillis: connectTimeout(options),
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      pipeline: true,
      options: WRITER_SESSION,
    }),
  );
}

/**
 * A connection that breaks between two statements, idle or in use, is noticed by the next statement; without listeners the event
 * would end the process.
 */
function quiet(pool: pg.Pool): pg.Pool {
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool.on('error', () => undefined);
}

function connectTimeout(options: ConnectOptions): number {
  return Math.min(options.connectTimeoutMs, 5_000);
}
