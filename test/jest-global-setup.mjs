/**
 * One PostgreSQL for the whole test run, with a migrated template database that each test file clones. TEST_DATABASE_URL (of a
 * superuser) names another server to use instead of the embedded one.
 */
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectDatabase, migrate, startEmbeddedPostgres } from '#database';
import pg from 'pg';

export default async function setUp() {
  const given = process.env.TEST_DATABASE_URL;
  const server =
    given === undefined
      ? await startEmbeddedPostgres({
          dataDir: await openFolder(),
          serverSettings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '400' },
        })
      : undefined;
  const adminUrl = server?.url ?? given;
  const template = `arp_template_${process.pid}`;
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`create database ${template}`);
  await admin.end();
  const url = new URL(adminUrl);
  url.pathname = `/${template}`;
  const database = await connectDatabase({
    url: url.href,
    entities: [],
    poolSize: 2,
    connectTimeoutMs: 5_000,
    applicationName: 'tests',
  });
  await migrate(database);
  await database.close();
  process.env.ARP_TEST_ADMIN_URL = adminUrl;
  process.env.ARP_TEST_TEMPLATE = template;
  globalThis.arpTestServer = server;
}

/** For root: the user that PostgreSQL then runs as must be able to pass. */
async function openFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'arp-test-'));
  await chmod(folder, 0o755);
  return folder;
}
