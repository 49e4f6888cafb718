import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createTestDatabase, freePort, startPostgresServer } from '#testing';
import type { PostgresServer } from '#testing';
import { writeChaosPack } from './chaos-pack.js';
import type { ChaosPack } from './chaos-pack.js';
import { RestartableService } from './restartable-service.js';

export interface ClusterOptions {
  /** `own`: a PostgreSQL that can be crashed and paused. `shared`: a database of the one that serves the whole test run. */
  readonly database: 'own' | 'shared';
  /** Default 1. Each has an atomic executor of its own, so that the record of executions tells whose work it was. */
  readonly coordinators?: number;
  /** Further settings of the coordinators. */
  readonly coordinatorEnv?: Readonly<Record<string, string>>;
  /** Base URL of a composite executor; without it there are no composite runs. */
  readonly compositeExecutorUrl?: string;
}

/** Coordinators with their executors on one database, as processes. */
export interface Cluster {
  readonly databaseUrl: string;
  /** Only with `database: 'own'`. */
  readonly postgres: PostgresServer | undefined;
  readonly coordinators: readonly RestartableService[];
  /** In the order of their coordinators. */
  readonly executors: readonly RestartableService[];
  readonly pack: ChaosPack;
  query<Row extends object>(statement: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Ends every process and removes every folder. */
  stop(): Promise<void>;
}

const QUIET = {
  ARP_AUTH_PROFILE: 'dev-insecure',
  JARVIS_POLICY_PROFILE: 'dev-allow',
  LOG_LEVEL: 'warn',
  LOG_FORMAT: 'json',
};

/** @throws Error when something does not come up; then nothing is left behind */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const cleanUp: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    const failures: unknown[] = [];
    for (const step of cleanUp.splice(0).reverse()) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'the cluster could not be cleaned up');
  };
  try {
    return { ...(await build(options, cleanUp)), stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

async function build(options: ClusterOptions, cleanUp: (() => Promise<unknown>)[]): Promise<Omit<Cluster, 'stop'>> {
  const folder = await mkdtemp(join(tmpdir(), 'arp-chaos-'));
  cleanUp.push(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  const pack = await writeChaosPack(folder);
  const { postgres, databaseUrl } = await provideDatabase(options.database, cleanUp);

  const executors: RestartableService[] = [];
  const coordinators: RestartableService[] = [];
  for (let count = 0; count < (options.coordinators ?? 1); count += 1) {
    const [executorPort, coordinatorPort] = await Promise.all([freePort(), freePort()]);
    const executor = new RestartableService('dist/apps/atomic-executor/src/main.js', executorPort, {
      ...QUIET,
      JARVIS_NODEPACK_PATHS: pack.folder,
      // Its nodes tell the process that ran them, and write files.
      JARVIS_NODEPACK_IN_PROCESS: await realpath(pack.folder),
      JARVIS_NODEPACK_STRICT: 'true',
    });
    const coordinator = new RestartableService('dist/apps/coordinator/src/main.js', coordinatorPort, {
      ...QUIET,
      DATABASE_URL: databaseUrl,
      ARP_DATABASE_MIGRATE: 'true',
      JARVIS_ATOMIC_EXECUTOR_URL: executor.url,
      JARVIS_RUN_COORDINATOR_PUBLIC_URL: `http://127.0.0.1:${coordinatorPort}`,
      ...(options.compositeExecutorUrl === undefined
        ? {}
        : { JARVIS_COMPOSITE_EXECUTOR_URL: options.compositeExecutorUrl }),
      ...options.coordinatorEnv,
    });
    executors.push(executor);
    coordinators.push(coordinator);
  }
  cleanUp.push(() => Promise.all([...coordinators, ...executors].map((service) => service.stop())));
  await Promise.all([...executors, ...coordinators].map((service) => service.start()));
  return {
    databaseUrl,
    postgres,
    coordinators,
    executors,
    pack,
    query: (statement, parameters) => query(databaseUrl, statement, parameters),
  };
}

async function provideDatabase(
  which: ClusterOptions['database'],
  cleanUp: (() => Promise<unknown>)[],
): Promise<{ postgres: PostgresServer | undefined; databaseUrl: string }> {
  if (which === 'shared') {
    const database = await createTestDatabase();
    cleanUp.push(() => database.drop());
    return { postgres: undefined, databaseUrl: database.url };
  }
  const postgres = await startPostgresServer();
  cleanUp.push(() => postgres.stop());
  return { postgres, databaseUrl: postgres.url };
}

/** On a connection of its own: whoever asks may be about to crash the server. */
async function query<Row extends object>(
  url: string,
  statement: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(statement, [...parameters])).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
