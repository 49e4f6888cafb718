import { Injectable } from '@nestjs/common';
import type { RunEventType } from '#contract';
import type { Queryable } from '#database';
import type { Bucket } from '../sharding/bucket.js';

/** What reading the events of a run needs to know of it. */
export interface RunHead {
  readonly bucket: Bucket;
  readonly run_id: string;
  readonly created_at: Date;
  /** `seq` of the last event that is committed. */
  readonly last_seq: number;
  /** Whether the run has ended: then `last_seq` never moves again. */
  readonly ended: boolean;
  readonly owner: string | null;
}

/** The head of the run of a node run, with the node run's place in it. */
export interface NodeRunHead extends RunHead {
  /** Null for the root. */
  readonly parent_node_run_id: string | null;
}

/** The part of a head that moves. */
export type HeadPosition = Pick<RunHead, 'run_id' | 'last_seq' | 'ended'>;

/** One event as it is stored. */
export interface EventRow {
  readonly seq: number;
  readonly time: Date;
  readonly type: RunEventType;
  readonly node_run_id: string | null;
  readonly data: object | null;
}

/** Which events of one run to read: at most `limit`, and no more after `bytes` of data were reached. */
export interface EventRange {
  readonly bucket: Bucket;
  readonly run_id: string;
  /** Only events with a greater `seq`. */
  readonly cursor: number;
  /** A time before the run's first event: it spares the partitions that are older than the run. */
  readonly since: Date;
  readonly limit: number;
}

/** What is there of a range. */
export interface EventRows {
  /** In the order of `seq`. */
  readonly rows: readonly EventRow[];
  /** Whether there was no event after them when they were read. */
  readonly isLast: boolean;
}

/** Every statement that reads events for those who stream them. It writes nothing. */
@Injectable()
export class EventStreamsRepository {
  async findHead(db: Queryable, bucket: Bucket, runId: string): Promise<RunHead | undefined> {
    const rows = await db.query<RunHead>(
      `select bucket, run_id, created_at, last_seq, ended_at is not null as ended, owner
         from runs
        where bucket = $1 and run_id = $2`,
      [bucket, runId],
    );
    return rows[0];
  }

  async findHeadOfNodeRun(db: Queryable, bucket: Bucket, nodeRunId: string): Promise<NodeRunHead | undefined> {
    const rows = await db.query<NodeRunHead>(
      `select r.bucket, r.run_id, r.created_at, r.last_seq, r.ended_at is not null as ended, r.owner, n.parent_node_run_id
         from node_runs n
         join runs r on r.bucket = n.bucket and r.run_id = n.run_id
        where n.bucket = $1 and n.node_run_id = $2`,
      [bucket, nodeRunId],
    );
    return rows[0];
  }

  /**
   * Of the runs that are known to be at `last_seq`, those that are further by now, or have ended. A run that is gone has ended.
   */
  async findMovedHeads(
    db: Queryable,
    known: readonly Pick<RunHead, 'bucket' | 'run_id' | 'last_seq'>[],
  ): Promise<HeadPosition[]> {
    return db.query<HeadPosition>(
      `select k.run_id, coalesce(r.last_seq, k.last_seq) as last_seq, r.run_id is null or r.ended_at is not null as ended
         from unnest($1::smallint[], $2::text[], $3::int[]) as k (bucket, run_id, last_seq)
         left join runs r on r.bucket = k.bucket and r.run_id = k.run_id
        where r.run_id is null or r.last_seq > k.last_seq or r.ended_at is not null`,
      [known.map(({ bucket }) => bucket), known.map(({ run_id }) => run_id), known.map(({ last_seq }) => last_seq)],
    );
  }

  /**
   * Events of several runs, in one statement.
   *
   * @param bytes no more events of a range after this much of their data; one event at least
   * @returns for each range what is there of it
   */
  async findEvents(db: Queryable, ranges: readonly EventRange[], bytes: number): Promise<EventRows[]> {
    const found = await db.query<EventRow & { readonly nth: number; readonly found: number }>(
      `select w.nth::int, e.seq, e.time, e.type, e.node_run_id, e.data, e.found
         from unnest($1::smallint[], $2::text[], $3::bigint[], $4::timestamptz[], $5::int[])
              with ordinality as w (bucket, run_id, after_seq, since, most, nth)
        cross join lateral (
          select of_run.*, count(*) over ()::int as found,
                 sum(octet_length(data::text)) over (order by seq rows between unbounded preceding and 1 preceding) as bytes_before
            from (
              select seq, time, type, node_run_id, data
                from run_events
               where bucket = w.bucket and run_id = w.run_id and seq > w.after_seq and time >= w.since
               order by seq
               limit w.most
            ) as of_run
        ) as e
        where e.bytes_before is null or e.bytes_before < $6
        order by w.nth, e.seq`,
      [
        ranges.map(({ bucket }) => bucket),
        ranges.map(({ run_id }) => run_id),
        ranges.map(({ cursor }) => cursor),
        ranges.map(({ since }) => since),
        ranges.map(({ limit }) => limit),
        bytes,
      ],
    );
    const rowsOf = ranges.map((): (typeof found)[number][] => []);
    for (const row of found) rowsOf[row.nth - 1]?.push(row);
    return rowsOf.map((rows, index) => {
      const there = rows[0]?.found ?? 0;
      return { rows, isLast: there === rows.length && there < (ranges[index]?.limit ?? 0) };
    });
  }

  /** Those of `nodeRunIds` that are `ancestor` or below it. */
  async findWithin(
    db: Queryable,
    bucket: Bucket,
    nodeRunIds: readonly string[],
    ancestor: string,
  ): Promise<ReadonlySet<string>> {
    const rows = await db.query<{ readonly id: string }>(
      `with recursive above as (
         select node_run_id as id, node_run_id, parent_node_run_id
           from node_runs
          where bucket = $1 and node_run_id = any($2::text[])
         union
         select a.id, p.node_run_id, p.parent_node_run_id
           from above a
           join node_runs p on p.node_run_id = a.parent_node_run_id
          where p.bucket = $1
       )
       select distinct id from above where node_run_id = $3`,
      [bucket, nodeRunIds, ancestor],
    );
    return new Set(rows.map(({ id }) => id));
  }
}
