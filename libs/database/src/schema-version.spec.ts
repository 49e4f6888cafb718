import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { connectDatabase } from './connect.js';
import type { Database } from './database.js';
import { readDatabaseStatus } from './database-status.js';
import { migrate } from './migrate.js';
import { MIGRATIONS } from './migrations/migrations.js';
import { readSchemaVersion, requireSchemaVersion } from './schema-version.js';

const NAMES = MIGRATIONS.map((Migration) => new Migration().name);

describe('the version of a database', () => {
  let home: TestDatabase;
  let database: Database;
  const connect = () =>
    connectDatabase({
      url: home.url,
      entities: [],
      poolSize: 4,
      connectTimeoutMs: 5_000,
      applicationName: 'schema-version.spec',
    });
  beforeEach(async () => {
    home = await createTestDatabase({ migrated: false });
    database = await connect();
  });
  afterEach(async () => {
    await database.close();
    await home.drop();
  });
  const require = (mayMigrate: boolean) => requireSchemaVersion(database, 'The database arp', mayMigrate);

  it('is read without changing anything', async () => {
    expect(await readSchemaVersion(database)).toEqual({ applied: [], pending: NAMES, unknown: [] });
    expect(await readDatabaseStatus(database)).toEqual({
      serverVersion: expect.stringMatching(/^\d+\.\d+$/),
      version: { applied: [], pending: NAMES, unknown: [] },
      partitions: [],
    });
    expect(await database.query(`select 1 from pg_class where relnamespace = 'public'::regnamespace`, [])).toEqual([]);
    await migrate(database);
    expect(await readDatabaseStatus(database)).toMatchObject({
      version: { applied: NAMES, pending: [], unknown: [] },
      partitions: [{ name: 'run_events_default', isDefault: true, from: null, to: null, estimatedRows: 0 }],
    });
  });

  it('behind the code: refused with the names of what is missing, or migrated', async () => {
    const missing =
      NAMES.length === 1 ? `1 migration (${NAMES[0]}) is` : `${NAMES.length} migrations (${NAMES.join(', ')}) are`;
    await expect(require(false)).rejects.toMatchObject({
      name: 'StartupError',
      message: `The database arp is behind this code: ${missing} missing. Run \`npm run db:migrate\`, or set ARP_DATABASE_MIGRATE=true to migrate at start.`,
    });
    expect(await require(true)).toEqual(NAMES);
    expect(await require(false)).toEqual([]);
    await database.query(`delete from schema_migrations where name = $1`, [NAMES.at(-1)]);
    await expect(require(false)).rejects.toThrow(
      `The database arp is behind this code: 1 migration (${NAMES.at(-1)}) is missing.`,
    );
  });

  it('newer than the code: always refused', async () => {
    await migrate(database);
    const add = (name: string) =>
      database.query(`insert into schema_migrations (timestamp, name) values (9999999999999, $1)`, [name]);
    await add('Tomorrow9999999999999');
    for (const mayMigrate of [true, false]) {
      await expect(require(mayMigrate)).rejects.toMatchObject({
        name: 'StartupError',
        message:
          'The database arp is newer than this code: it has 1 migration (Tomorrow9999999999999) that this code does not know. Start the version of the code that it belongs to, or restore a backup from before.',
      });
    }
    await add('NextWeek9999999999999');
    await expect(require(true)).rejects.toThrow(
      'it has 2 migrations (Tomorrow9999999999999, NextWeek9999999999999) that',
    );
  });

  it('is not held up by time limits of statements, which hold again afterwards', async () => {
    const single = await connectDatabase({
      url: home.url,
      entities: [],
      poolSize: 1,
      connectTimeoutMs: 5_000,
      applicationName: 'schema-version.spec',
    });
    const limit = async () =>
      (await single.query<{ value: string }>(`select current_setting('statement_timeout') as value`, []))[0]?.value;
    const before = await limit();
    await migrate(single);
    expect(await limit()).toBe(before);
    const [row] = await home.query<{ n: number }>(
      `select count(*)::int as n from pg_locks where locktype = 'advisory'`,
    );
    expect(row?.n).toBe(0);
    await single.close();
  });
});
