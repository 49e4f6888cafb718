import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyTree, createTestDatabase, freePort, startProcess, untilServing } from '#testing';
import type { ServiceProcess, TestDatabase } from '#testing';

const COORDINATOR = 'dist/apps/coordinator/src/main.js';
const STANDALONE = 'dist/apps/standalone/src/main.js';
const url = (port: number) => `http://127.0.0.1:${port}`;

describe('a database that is not at the version of the code', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase({ migrated: false });
  });
  afterEach(async () => database.drop());

  const start = async (program: string, env: Record<string, string> = {}) => {
    const port = await freePort();
    const service = startProcess([program], {
      DATABASE_URL: database.url,
      LOG_LEVEL: 'error',
      ARP_RUN_COORDINATOR_PORT: String(port),
      ARP_RUN_GATEWAY_PORT: '0',
      ARP_ATOMIC_EXECUTOR_PORT: '0',
      ARP_TOOL_GATEWAY_PORT: '0',
      ...env,
    });
    return { service, port };
  };
  const addMigration = async (name: string) =>
    database.query(`insert into schema_migrations (timestamp, name) values (9999999999999, $1)`, [name]);
  const tables = async () =>
    database.query(
      `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`,
    );

  it.each([
    ['the coordinator', COORDINATOR],
    ['the suite', STANDALONE],
  ])('%s refuses one that is behind, in one sentence, and leaves it alone', async (_, program) => {
    const { service } = await start(program);
    expect(await service.ended).toBe(1);
    expect(service.output()).toMatch(
      /^error: The database arp_test_\w+ at [^ ]+:\d+ is behind this code: \d+ migrations? \([\w, ]+\) (is|are) missing\. Run `npm run db:migrate`, or set ARP_DATABASE_MIGRATE=true to migrate at start\.\n$/,
    );
    expect(await tables()).toEqual([]);
  });

  it('the suite migrates it when told to', async () => {
    const { service, port } = await start(STANDALONE, { ARP_DATABASE_MIGRATE: 'true' });
    await untilServing(service, url(port));
    expect(service.output()).toContain('Database migrated: RunsAndNodeRuns1763700000000.');
    expect(await service.stop()).toBe(0);
  });

  it('coordinators that start at once on an empty database migrate it once', async () => {
    const coordinators = await Promise.all(
      [1, 2, 3].map(async () => start(COORDINATOR, { ARP_DATABASE_MIGRATE: 'true' })),
    );
    for (const { service, port } of coordinators) await untilServing(service, url(port));
    const output = coordinators.map(({ service }) => service.output()).join('');
    const applied = await database.query<{ name: string }>(`select name from schema_migrations order by id`);
    expect(applied.length).toBeGreaterThan(0);
    for (const { name } of applied) expect(output.split(`Database migrated: ${name}.`)).toHaveLength(2);
    expect(output).not.toMatch(/error|warn/i);
    // The partitions of run_events were made once, too, by whoever was first.
    const [row] = await database.query<{ n: number }>(
      `select count(*)::int as n from pg_inherits where inhparent = 'run_events'::regclass`,
    );
    expect(row?.n).toBeGreaterThan(1);
    for (const { service } of coordinators) expect(await service.stop()).toBe(0);
    const { service, port } = await start(COORDINATOR);
    await untilServing(service, url(port));
    expect(await service.stop()).toBe(0);
  });

  it('one that is newer is refused, whether migrating is allowed or not', async () => {
    await stopWhenServing(await start(COORDINATOR, { ARP_DATABASE_MIGRATE: 'true' }));
    await addMigration('Tomorrow9999999999999');
    for (const mayMigrate of ['false', 'true']) {
      const { service } = await start(COORDINATOR, { ARP_DATABASE_MIGRATE: mayMigrate });
      expect(await service.ended).toBe(1);
      expect(service.output()).toMatch(
        /^error: The database arp_test_\w+ at [^ ]+:\d+ is newer than this code: it has 1 migration \(Tomorrow9999999999999\) that this code does not know\. Start the version of the code that it belongs to, or restore a backup from before\.\n$/,
      );
    }
  });

  it('a setting that is no yes or no is one clear sentence', async () => {
    const { service } = await start(COORDINATOR, { ARP_DATABASE_MIGRATE: 'maybe', JARVIS_RUN_RETENTION_DAYS: '0' });
    expect(await service.ended).toBe(1);
    expect(service.output()).toMatch(
      /- ARP_DATABASE_MIGRATE: must be true or false, not "maybe"\n.*- JARVIS_RUN_RETENTION_DAYS: must be a whole number from 1 to 36500, not "0"/,
    );
  });
});

describe('npm run db:migrate and db:status', () => {
  let tree: Awaited<ReturnType<typeof copyTree>>;
  let database: TestDatabase;
  beforeAll(async () => {
    tree = await copyTree();
    database = await createTestDatabase({ migrated: false });
  });
  afterAll(async () => {
    await database.drop();
    await tree.remove();
  });
  const db = async (args: readonly string[], env: Record<string, string> = { DATABASE_URL: database.url }) => {
    const program = startProcess(['scripts/db.mjs', ...args], env, tree.folder);
    return { status: await program.ended, output: program.output() };
  };

  it('status, migrate, status; then a newer one', async () => {
    const password = new URL(database.url).password;
    const behind = await db(['status']);
    expect(behind).toMatchObject({ status: 1 });
    expect(behind.output).toMatch(
      /^The database arp_test_\w+ at .*, PostgreSQL \d+\.\d+\n\nMigrations\n {2}pending {2}RunsAndNodeRuns1763700000000\n/,
    );
    expect(behind.output).toContain('Partitions of run_events\n  none\n\nOldest run: none\n');
    expect(behind.output).toMatch(/The database is BEHIND this code: run npm run db:migrate\.\n$/);

    const migrated = await db(['migrate']);
    expect(migrated).toMatchObject({ status: 0 });
    expect(migrated.output).toMatch(
      /^applied {2}RunsAndNodeRuns1763700000000\n[^]* is up to date: \d+ applied in \d+ ms\.\n$/,
    );
    expect(await db(['migrate'])).toMatchObject({
      status: 0,
      output: expect.stringMatching(/^The .* is up to date\.\n$/),
    });

    await database.query(
      `insert into runs (bucket, run_id, state, root_node_run_id, last_seq, created_at) values (1, 'r', 'queued', 'n', 0, '2026-01-02T03:04:05Z')`,
    );
    await database.query(
      `create table run_events_p20260102 partition of run_events for values from ('2026-01-02Z') to ('2026-01-03Z')`,
    );
    const current = await db(['status']);
    expect(current).toMatchObject({ status: 0 });
    expect(current.output).toContain('  applied  RunsAndNodeRuns1763700000000\n');
    expect(current.output).not.toMatch(/pending|unknown/);
    expect(current.output).toMatch(
      / {2}run_events_p20260102 .*2026-01-02T00:00:00.000Z to 2026-01-03T00:00:00.000Z +about 0 rows\n/,
    );
    expect(current.output).toMatch(/ {2}run_events_default .*everything else +about 0 rows\n/);
    expect(current.output).toContain('Oldest run: 2026-01-02T03:04:05.000Z\n');

    await database.query(
      `insert into schema_migrations (timestamp, name) values (9999999999999, 'Tomorrow9999999999999')`,
    );
    const newer = await db(['status']);
    expect(newer).toMatchObject({ status: 1 });
    expect(newer.output).toContain('  unknown  Tomorrow9999999999999\n');
    expect(newer.output).toMatch(/The database is NEWER than this code: .*\n$/);
    const refused = await db(['migrate']);
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.output).toMatch(/^error: The database .* is newer than this code: it has 1 migration \(Tomorrow/);
    for (const { output } of [behind, migrated, current, newer, refused]) expect(output).not.toContain(password);
  });

  it('--help, a wrong command, a wrong setting and a database that is not there', async () => {
    const help = await db(['status', '--help']);
    expect(help).toMatchObject({ status: 0 });
    for (const word of ['npm run db:status', 'when it is behind', 'DATABASE_URL', 'ARP_DATA_DIR']) {
      expect(help.output).toContain(word);
    }
    expect(help.output).not.toContain('--host');
    expect(await db([])).toEqual({
      status: 1,
      output: 'error: say what to do: npm run db:migrate, or npm run db:status.\n',
    });
    expect((await db(['status'], { DATABASE_URL: 'mysql://x' })).output).toMatch(
      /^error: These settings are not right:\n {2}- DATABASE_URL/,
    );
    const gone = await db(['status'], {
      DATABASE_URL: `postgres://u:secret-password@127.0.0.1:${await freePort()}/arp`,
      ARP_DATABASE_CONNECT_TIMEOUT_MS: '300',
    });
    expect(gone).toMatchObject({ status: 1 });
    expect(gone.output).toMatch(/^error: The database arp at 127\.0\.0\.1:\d+ cannot be used: .*\n$/);
    expect(gone.output).not.toContain('secret-password');
  });

  it('without DATABASE_URL: the embedded one, which a running suite keeps for itself', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'arp-db-'));
    // For root: the user that PostgreSQL then runs as must be able to pass.
    await chmod(folder, 0o755);
    const env = { ARP_DATA_DIR: join(folder, 'data') };
    const none = await db(['status'], env);
    expect(none).toEqual({
      status: 1,
      output: `error: There is no database in ${env.ARP_DATA_DIR} yet: npm start, or npm run db:migrate, creates it.\n`,
    });
    expect((await db(['migrate'], env)).output).toMatch(/applied {2}RunsAndNodeRuns1763700000000\n/);
    expect(await db(['status'], env)).toMatchObject({
      status: 0,
      output: expect.stringContaining(`The database in ${env.ARP_DATA_DIR}, PostgreSQL 18.`),
    });

    const port = await freePort();
    const coordinator = startProcess(
      [join(tree.folder, COORDINATOR), '--port', String(port)],
      { ...env, LOG_LEVEL: 'error' },
      tree.folder,
    );
    await untilServing(coordinator, url(port));
    for (const command of ['status', 'migrate']) {
      const inUse = await db([command], env);
      expect(inUse).toMatchObject({ status: 1 });
      expect(inUse.output).toMatch(
        /^error: The data folder .* is in use by another running suite \(PostgreSQL process \d+\)\. Stop it, or set ARP_DATA_DIR or DATABASE_URL\.\n$/,
      );
    }
    expect(await coordinator.stop()).toBe(0);
    await rm(folder, { recursive: true, force: true });
  });
});

async function stopWhenServing({ service, port }: { service: ServiceProcess; port: number }): Promise<void> {
  await untilServing(service, url(port));
  expect(await service.stop()).toBe(0);
}
