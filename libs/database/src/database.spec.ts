import { AppError } from '#contract';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { connectDatabase } from './connect.js';
import type { Database } from './database.js';
import { migrate } from './migrate.js';
import { MIGRATIONS } from './migrations/migrations.js';
import { translatePostgresError, UnsentError } from './postgres-errors.js';

describe('the database', () => {
  let home: TestDatabase;
  let database: Database;
  const connect = () =>
    connectDatabase({
      url: home.url,
      entities: [],
      poolSize: 4,
      connectTimeoutMs: 5_000,
      applicationName: 'database.spec',
    });
  beforeAll(async () => {
    home = await createTestDatabase({ migrated: false });
    database = await connect();
  });
  afterAll(async () => {
    await database.close();
    await home.drop();
  });

  it('is migrated once by services that start at the same time', async () => {
    const others = await Promise.all([connect(), connect(), connect()]);
    const applied = await Promise.all(others.map((other) => migrate(other)));
    expect(applied.flat()).toEqual(MIGRATIONS.map((Migration) => new Migration().name));
    await Promise.all(others.map((other) => other.close()));
  });

  it('announces after the commit, and not after a rollback', async () => {
    await database.query('create table notes (n int)', []);
    const heard: string[] = [];
    await database.transaction(async (tx) => {
      tx.afterCommit(() => heard.push('committed'));
      await tx.query('insert into notes values ($1)', [1]);
      expect(heard).toEqual([]);
    });
    const failing = database.transaction(async (tx) => {
      tx.afterCommit(() => heard.push('rolled back'));
      await tx.query('insert into notes values ($1)', [2]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(heard).toEqual(['committed']);
    expect(await database.query('select n from notes', [])).toEqual([{ n: 1 }]);
  });

  it('runs a transaction again that was the victim of a deadlock', async () => {
    await database.query('create table pair (id int primary key, n int)', []);
    await database.query('insert into pair values (1, 0), (2, 0)', []);
    const cross = (first: number, second: number) =>
      database.transaction(async (tx) => {
        await tx.query('update pair set n = n + 1 where id = $1', [first]);
        await tx.query('select pg_sleep(0.2)', []);
        await tx.query('update pair set n = n + 1 where id = $1', [second]);
      });
    await Promise.all([cross(1, 2), cross(2, 1)]);
    expect(await database.query('select sum(n)::int as n from pair', [])).toEqual([{ n: 4 }]);
  });

  it('names what cannot be stored, and a database that is gone', async () => {
    await expect(database.query('select $1::text', ['a\u0000b'])).rejects.toMatchObject({ code: 'invalid_request' });
    const doomed = await connect();
    await doomed.query('select pg_terminate_backend(pg_backend_pid())', []).catch((error: unknown) => {
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({ code: 'database_unavailable' });
    });
    // The pool lets go of the dead connection when it hears of its end; until then it may hand it out once more.
    let rows: object[] | undefined;
    while (rows === undefined) rows = await doomed.query('select 1 as n', []).catch(() => undefined);
    expect(rows).toEqual([{ n: 1 }]);
    await doomed.close();
    await expect(doomed.ping()).rejects.toThrow();
  });

  it('takes a standby for a database that is away', async () => {
    const standby = database.transaction(async (tx) => {
      await tx.query('set transaction read only', []);
      await tx.query('create table written (n int)', []);
    });
    await expect(standby).rejects.toMatchObject({ code: 'database_unavailable' });
  });

  it.each([
    ['a deadlock that was met again and again', '40P01'],
    ['a session that was ended because this process stood still', '25P03'],
    ['a network that is away', 'ENETUNREACH'],
  ])('takes %s for a database that is away', (_, code) => {
    const error = Object.assign(new Error('from the driver'), { code });
    expect(translatePostgresError(error)).toMatchObject({ code: 'database_unavailable' });
    expect(translatePostgresError(new UnsentError(error))).toMatchObject({ code: 'database_unavailable' });
  });
});
