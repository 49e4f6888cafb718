import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A database of its own for one test file, cloned from the migrated template. */
export interface TestDatabase {
  readonly url: string;
  /** Runs a statement, for looking at rows. */
  query<R extends object>(statement: string, parameters?: readonly unknown[]): Promise<R[]>;
  /** Drops it, also with connections left open. */
  drop(): Promise<void>;
}

/** @param options `migrated: false` gives an empty database */
export async function createTestDatabase(options: { readonly migrated?: boolean } = {}): Promise<TestDatabase> {
  const adminUrl = process.env['ARP_TEST_ADMIN_URL'];
  const template = process.env['ARP_TEST_TEMPLATE'];
  if (adminUrl === undefined || template === undefined) throw new Error('the global set-up of the tests did not run');
  const name = `arp_test_${randomBytes(6).toString('hex')}`;
  await administer(adminUrl, `create database ${name}${options.migrated === false ? '' : ` template ${template}`}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: url.href, max: 2 });
  pool.on('error', () => undefined);
  return {
    url: url.href,
    query: async <R extends object>(statement: string, parameters: readonly unknown[] = []) =>
      (await pool.query<R>(statement, [...parameters])).rows,
    drop: async () => {
      await pool.end();
      await administer(adminUrl, `drop database ${name} with (force)`);
    },
  };
}

async function administer(adminUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
