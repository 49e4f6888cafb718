import { Injectable } from '@nestjs/common';
import { findPartitions } from '#database';
import type { Partition, Queryable } from '#database';
import type { Bucket } from '../sharding/bucket.js';
import type { EventDay } from './event-days.js';

/** Any numbers that no other application of ours uses as advisory locks. */
const LOCKS = { partitions: 7_210_002, retention: 7_210_003 } as const;
export type MaintenanceLock = keyof typeof LOCKS;

/** A place in the order (created_at, run_id); `created_at` as text, since a Date has no microseconds. */
export interface RunPosition {
  readonly createdAt: string;
  readonly runId: string;
}

/** A finished run that retention may delete. */
export interface DueRun extends RunPosition {
  readonly bucket: Bucket;
  /** How many node runs and events it has. */
  readonly rows: number;
}

/** What ends a run's keeping: created before the one time, ended before the other. */
export interface Due {
  readonly createdBefore: Date;
  readonly endedBefore: Date;
}

export type RunKey = Pick<DueRun, 'bucket' | 'runId'>;

/** Before every run. */
export const BEGINNING: RunPosition = { createdAt: '-infinity', runId: '' };

/**
 * Statements of retention, across the tables of the coordinator. Rows of child tables are deleted by statements of their own,
 * children first, and no foreign key is relied upon.
 */
@Injectable()
export class RetentionRepository {
  /**
   * One coordinator at a time does the work. Ends with the transaction.
   *
   * @returns whether it is ours now
   */
  async tryLock(tx: Queryable, lock: MaintenanceLock): Promise<boolean> {
    const [row] = await tx.query<{ taken: boolean }>(`select pg_try_advisory_xact_lock($1) as taken`, [LOCKS[lock]]);
    return row?.taken === true;
  }

  /** Bounds, for the rest of the transaction, how long a statement waits for a lock and how long it runs. */
  async setTimeouts(tx: Queryable, lockMs: number, statementMs: number): Promise<void> {
    await tx.query(`select set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)`, [
      String(lockMs),
      String(statementMs),
    ]);
  }

  /**
   * For the rest of the transaction rows are found by key: plans that scan a table, which the planner prefers while it knows
   * little of it, would read days of events for a handful of runs.
   */
  async findByKey(tx: Queryable): Promise<void> {
    await tx.query(`select set_config(name, 'off', true) from unnest($1::text[]) as name`, [
      ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_bitmapscan', 'jit'],
    ]);
  }

  findPartitions(db: Queryable): Promise<Partition[]> {
    return findPartitions(db, 'run_events');
  }

  async hasDefaultEvents(db: Queryable, day: EventDay): Promise<boolean> {
    const [row] = await db.query<{ found: boolean }>(
      `select exists (select 1 from run_events_default where time >= $1 and time < $2) as found`,
      [day.from, day.to],
    );
    return row?.found === true;
  }

  /**
   * Makes the partition of a day. Attaching locks the parent so that reads and writes go on, and the default partition for the
   * moment in which Postgres looks whether it holds rows of the day; the check spares it the look into the new table.
   */
  async createPartition(tx: Queryable, { partition, from, to }: EventDay): Promise<void> {
    const [start, end] = [from.toISOString(), to.toISOString()];
    await tx.query(
      `create table ${partition} (
         like run_events including all,
         constraint ${partition}_time check (time >= '${start}' and time < '${end}')
       )`,
      [],
    );
    await tx.query(
      `alter table run_events attach partition ${partition} for values from ('${start}') to ('${end}')`,
      [],
    );
    await tx.query(`alter table ${partition} drop constraint ${partition}_time`, []);
  }

  async dropPartition(tx: Queryable, partition: string): Promise<void> {
    await tx.query(`drop table "${partition.replaceAll('"', '""')}"`, []);
  }

  async hasRunCreatedBefore(db: Queryable, time: Date): Promise<boolean> {
    const [row] = await db.query<{ found: boolean }>(
      `select exists (select 1 from runs where created_at < $1) as found`,
      [time],
    );
    return row?.found === true;
  }

  /**
   * Looks at up to `limit` runs after `after` for the first, by creation, that stays although it was created before
   * `due.createdBefore`.
   *
   * @returns its place, with `stays`; else the place of the last run that was looked at; undefined when there was none to look at
   */
  async findFirstStaying(
    db: Queryable,
    due: Due,
    after: RunPosition,
    limit: number,
  ): Promise<(RunPosition & { readonly stays: boolean; readonly createdTime: Date }) | undefined> {
    const rows = await db.query<RunPosition & { stays: boolean; createdTime: Date }>(
      `with page as (
         select created_at, run_id, (state in ('succeeded', 'failed', 'canceled') and ended_at < $2) is not true as stays
           from runs
          where (created_at, run_id) > ($3::timestamptz, $4) and created_at < $1
          order by created_at, run_id
          limit $5
       ), first as (
         select * from page where stays order by created_at, run_id limit 1
       ), last as (
         select * from page order by created_at desc, run_id desc limit 1
       )
       select created_at::text as "createdAt", created_at as "createdTime", run_id as "runId", stays
         from (select * from first union all select * from last where not exists (select 1 from first)) as found`,
      [due.createdBefore, due.endedBefore, after.createdAt, after.runId, limit],
    );
    return rows[0];
  }

  /** Runs that may go, after `after`, by creation; locks nothing. */
  async findDue(db: Queryable, due: Due, after: RunPosition, limit: number): Promise<DueRun[]> {
    return db.query<DueRun>(
      `select bucket, run_id as "runId", created_at::text as "createdAt", last_seq + node_count as rows
         from runs
        where (created_at, run_id) > ($3::timestamptz, $4) and created_at < $1
          and state in ('succeeded', 'failed', 'canceled') and ended_at < $2
        order by created_at, run_id
        limit $5`,
      [due.createdBefore, due.endedBefore, after.createdAt, after.runId, limit],
    );
  }

  /**
   * Locks heads of runs in the order of commands, (bucket, run_id), and passes over those that a command holds.
   *
   * @returns those that are ours now and still may go
   */
  async lockDue(tx: Queryable, due: Due, runs: readonly RunKey[]): Promise<RunKey[]> {
    return tx.query<RunKey>(
      `select bucket, run_id as "runId"
         from runs
        where (bucket, run_id) in (select * from unnest($3::smallint[], $4::text[]))
          and created_at < $1 and state in ('succeeded', 'failed', 'canceled') and ended_at < $2
        order by bucket, run_id
          for update skip locked`,
      [due.createdBefore, due.endedBefore, ...keys(runs)],
    );
  }

  /**
   * Deletes what a run has beside its events and its head. An ended run has no entry in `ready`, `leases` and `timers`; should
   * there be one that somebody handles just now, it is left to them, so that nobody waits for anybody.
   */
  async deleteDocuments(tx: Queryable, runs: readonly RunKey[]): Promise<void> {
    for (const table of ['ready', 'leases']) {
      await tx.query(
        `delete from ${table}
          where (bucket, node_run_id) in (
            select w.bucket, w.node_run_id
              from ${table} w
              join node_runs n on n.bucket = w.bucket and n.node_run_id = w.node_run_id
             where (n.bucket, n.run_id) in (select * from unnest($1::smallint[], $2::text[]))
               for update of w skip locked)`,
        keys(runs),
      );
    }
    await tx.query(
      `delete from timers
        where (bucket, run_id, node_run_id, kind) in (
          select bucket, run_id, node_run_id, kind
            from timers
           where (bucket, run_id) in (select * from unnest($1::smallint[], $2::text[]))
             for update skip locked)`,
      keys(runs),
    );
    await tx.query(
      `delete from approval_notices
        where (bucket, approval_id) in (
          select bucket, approval_id
            from approvals
           where (bucket, run_id) in (select * from unnest($1::smallint[], $2::text[])))`,
      keys(runs),
    );
    for (const table of ['node_run_reports', 'node_run_results', 'node_run_inputs', 'approvals']) {
      await tx.query(
        `delete from ${table}
          where (bucket, node_run_id) in (
            select bucket, node_run_id
              from node_runs
             where (bucket, run_id) in (select * from unnest($1::smallint[], $2::text[])))`,
        keys(runs),
      );
    }
    for (const table of ['node_runs', 'run_requests']) {
      await tx.query(
        `delete from ${table} where (bucket, run_id) in (select * from unnest($1::smallint[], $2::text[]))`,
        keys(runs),
      );
    }
  }

  /**
   * Deletes events of runs: all in the default partition, and in the others those in the range; the range spares a look into each
   * of what may be hundreds of partitions.
   *
   * @param range `from` inclusive, `to` exclusive
   */
  async deleteEvents(
    tx: Queryable,
    runs: readonly RunKey[],
    range: { readonly from: Date; readonly to: Date },
  ): Promise<void> {
    await tx.query(
      `delete from run_events_default where (bucket, run_id) in (select * from unnest($1::smallint[], $2::text[]))`,
      keys(runs),
    );
    await tx.query(
      `delete from run_events
        where (bucket, run_id) in (select * from unnest($1::smallint[], $2::text[])) and time >= $3 and time < $4`,
      [...keys(runs), range.from, range.to],
    );
  }

  async deleteRuns(tx: Queryable, runs: readonly RunKey[]): Promise<void> {
    await tx.query(
      `delete from runs where (bucket, run_id) in (select * from unnest($1::smallint[], $2::text[]))`,
      keys(runs),
    );
  }
}

function keys(runs: readonly RunKey[]): [number[], string[]] {
  return [runs.map(({ bucket }) => bucket), runs.map(({ runId }) => runId)];
}
