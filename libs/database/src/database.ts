import type { DataSource } from 'typeorm';
import type { QueryResult, QueryRunner } from 'typeorm';
import { translatePostgresError, isRetryableConflict } from './postgres-errors.js';

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

/** An open transaction, passed visibly to whoever writes in it. */
export class Transaction implements Queryable {
  private readonly committed: (() => void)[] = [];

  constructor(private readonly runner: QueryRunner) {}

  async query<R extends object>(statement: string, parameters: readonly unknown[]): Promise<R[]> {
    return recordsOf<R>(await this.runner.query(statement, [...parameters], true));
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

/** Postgres, as the repositories see it. */
export class Database implements Queryable {
  constructor(readonly dataSource: DataSource) {}

  async query<R extends object>(statement: string, parameters: readonly unknown[]): Promise<R[]> {
    const runner = this.dataSource.createQueryRunner();
    try {
      return recordsOf<R>(await runner.query(statement, [...parameters], true));
    } catch (error) {
      throw translatePostgresError(error);
    } finally {
      await runner.release();
    }
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

  /** @throws AppError database_unavailable */
  async ping(): Promise<void> {
    await this.query('select 1', []);
  }

  async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  private async attempt<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    const tx = new Transaction(runner);
    let result: T;
    try {
      await runner.startTransaction();
      result = await work(tx);
      await runner.commitTransaction();
    } catch (error) {
      // A failed rollback (the connection is gone) must not hide why we roll back.
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await runner.release();
    }
    tx.announceCommit();
    return result;
  }
}

function recordsOf<R extends object>(result: QueryResult): R[] {
  return result.records as R[];
}
