import pg from 'pg';
import { startPostgresServer } from './postgres-server.js';
import type { PostgresServer } from './postgres-server.js';

describe('a PostgreSQL that can crash', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgresServer();
  });
  afterAll(() => server.stop(), 60_000);

  async function query(statement: string): Promise<object[]> {
    const client = new pg.Client({ connectionString: server.url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<object>(statement)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  it('keeps what was committed, its port and its password over crashes', async () => {
    const { url } = server;
    await query('create table notes (n int)');
    for (const n of [1, 2]) {
      await query(`insert into notes values (${n})`);
      await server.crash();
      await expect(query('select 1')).rejects.toThrow('ECONNREFUSED');
      await server.restart();
    }
    expect(server.url).toBe(url);
    expect(await query('select n from notes order by n')).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await query('show fsync')).toEqual([{ fsync: 'on' }]);
  });

  it('answers nothing while it is paused', async () => {
    await server.pause();
    let answer: object[] | undefined;
    const asked = query('select 1 as n').then((rows) => (answer = rows));
    await new Promise((settle) => setTimeout(settle, 300));
    expect(answer).toBeUndefined();
    server.resume();
    expect(await asked).toEqual([{ n: 1 }]);
  });
});
