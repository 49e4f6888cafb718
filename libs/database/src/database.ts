import type { Socket } from 'node:net';
import type { DataSource } from 'typeorm';
import type { Pool, PoolClient } from 'pg';
import { isRetryableConflict, translatePostgresError, UnsentError, wasConnectionDead } from './postgres-errors.js';
import { prepared } from './prepared-statement.js';

/** Something that runs one statement: the database itself (autocommit) or an open transaction. */
export interface Queryable {
  /**
   * Runs one statement with `$n` parameters.
   *
   * @returns its rows: of a SELECT, or of a RETURNING
   * @throws AppError database_unavailable, invalid_request (a string that Postgres cannot store)
   */
  query<R extends object>(statement: string, parameters: readonly unknown[]): Promise<R[]>;
}

/** One statement with its parameters, not run yet. */
export interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** An open transaction, passed visibly to whoever writes in it. */
export class Transaction implements Queryable {
  private readonly committed: (() => void)[] = [];

  constructor(private readonly client: PoolClient) {}

  async query<R extends object>(statement: string, parameters: readonly unknown[]): Promise<R[]> {
    return (await this.client.query<R>(prepared(statement, parameters))).rows;
  }

  /** Runs `work` after the commit, not at all after a rollback: for telling others what is now durable. */
  afterCommit(work: () => void): void {
    this.committed.push(work);
  }

  announceCommit(): void {
    for (const work of this.committed) work();
  }
}

const MAX_ATTEMPTS = 4;
const BEGIN: Statement = { text: 'begin', parameters: [] };
const COMMIT: Statement = { text: 'commit', parameters: [] };

/** Postgres, as the repositories see it. */
export class Database implements Queryable {
  constructor(
    /** TypeORM's view: migrations and the comparison of entities and schema. */
    readonly dataSource: DataSource,
    private readonly pool: Pool,
    private readonly writers: Pool,
    private readonly vital: Pool,
  ) {}

  query<R extends object>(statement: string, parameters: readonly unknown[]): Promise<R[]> {
    return queryOn<R>(this.pool, statement, parameters);
  }

  /** A connection of its own, for what must not wait behind slow reads: the heartbeat. */
  get apart(): Queryable {
    return { query: (statement, parameters) => queryOn(this.vital, statement, parameters) };
  }

  /**
   * Runs `work` in one transaction. `work` only writes and reads rows: it may run again when Postgres reports a deadlock or a
   * serialization failure, and nothing slow belongs in it.
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.attempt(work);
      } catch (error) {
        if (attempt < MAX_ATTEMPTS && isRetryableConflict(error)) continue;
        throw translatePostgresError(error);
      }
    }
  }

  /**
   * One transaction in two round trips: all of `reads` at once, then all writes that `decide` makes of their rows, with the commit; in
   * one when there are no reads.
   * For the group commit, on connections of its own. Nothing is translated and nothing is tried again here.
   *
   * @throws UnsentError when it failed before anything was written; any other error leaves open whether it was committed
   */
  async exchange(reads: readonly Statement[], decide: (rows: object[][]) => readonly Statement[]): Promise<void> {
    let client: PoolClient;
    try {
      client = await this.writers.connect();
    } catch (error) {
      throw new UnsentError(error);
    }
    let broken = true;
    try {
      // With nothing to read there is nothing to wait for.
      const begun = reads.length === 0 ? [] : await begin(client, reads);
      const writes = decide(begun);
      const start = reads.length === 0 ? [BEGIN] : [];
      const ended = await sendAll(client, [...start, ...writes, COMMIT]).catch((error: unknown) => {
        // The connection broke before the writes: the server has rolled back.
        throw wasConnectionDead(error) ? new UnsentError(error) : error;
      });
      // A commit after a failed statement is answered with ROLLBACK.
      if (ended.at(-1)?.command !== 'COMMIT') throw new Error('the transaction was rolled back');
      broken = false;
    } catch (error) {
      broken = !(await client.query('rollback').then(
        () => true,
        () => false,
      ));
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /** @throws AppError database_unavailable */
  async ping(): Promise<void> {
    await this.query('select 1', []);
  }

  async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
    await Promise.all([this.pool.end(), this.writers.end(), this.vital.end()]);
  }

  private async attempt<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    const tx = new Transaction(client);
    let result: T;
    let broken = false;
    try {
      await client.query('begin');
      result = await work(tx);
      await client.query('commit');
    } catch (error) {
      // A failed rollback (the connection is gone) must not hide why we roll back.
      await client.query('rollback').catch(() => {
        broken = true;
      });
      throw error;
    } finally {
      client.release(broken);
    }
    tx.announceCommit();
    return result;
  }
}

async function queryOn<R extends object>(pool: Pool, statement: string, parameters: readonly unknown[]): Promise<R[]> {
  try {
    return (await pool.query<R>(prepared(statement, parameters))).rows;
  } catch (error) {
    throw translatePostgresError(error);
  }
}

/** @returns the rows of each read */
async function begin(client: PoolClient, reads: readonly Statement[]): Promise<object[][]> {
  const answers = await sendAll(client, [BEGIN, ...reads]).catch((error: unknown) => {
    throw new UnsentError(error);
  });
  return answers.slice(1).map(({ rows }) => rows);
}

/** Sends every statement without waiting for the one before; rejects with the first failure when all are answered. */
async function sendAll(client: PoolClient, statements: readonly Statement[]) {
  // All of them in one write to the socket.
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
  stream.cork();
  const sent = statements.map(({ text, parameters }) => client.query<object>(prepared(text, parameters)));
  stream.uncork();
  const answers = await Promise.allSettled(sent);
  return answers.map((answer) => {
    if (answer.status === 'rejected') throw answer.reason;
    return answer.value;
  });
}
