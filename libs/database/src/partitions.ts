import type { Queryable } from './database.js';

/** A partition of a table that is partitioned by ranges of time. */
export interface Partition {
  readonly name: string;
  /** True for the partition that takes what no other takes; it has no range. */
  readonly isDefault: boolean;
  /** Start of its range, inclusive; null: it has none. */
  readonly from: Date | null;
  /** End of its range, exclusive; null: it has none. */
  readonly to: Date | null;
  /** What the statistics say, without counting; they may lag behind. */
  readonly estimatedRows: number;
}

/** The partitions of `table`, oldest first, the default last; none when there is no such table. */
export async function findPartitions(db: Queryable, table: string): Promise<Partition[]> {
  // Bounds are read as text in the session's own time zone and date style, and cast back in the same session.
  return db.query<Partition>(
    `select c.relname as name,
            b.bound = 'DEFAULT' as "isDefault",
            substring(b.bound from 'FROM \\(''([^'']+)''\\)')::timestamptz as "from",
            substring(b.bound from 'TO \\(''([^'']+)''\\)')::timestamptz as "to",
            greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0)::float8 as "estimatedRows"
       from pg_inherits i
       join pg_class c on c.oid = i.inhrelid
      cross join lateral (select pg_get_expr(c.relpartbound, c.oid) as bound) b
      where i.inhparent = to_regclass($1)
      order by "isDefault", "from" nulls first, c.relname`,
    [table],
  );
}
