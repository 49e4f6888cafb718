import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { Bucket } from '../sharding/bucket.js';
import type { ReadyEntity } from './ready.entity.js';

/** Where a node run is found. */
export interface NodeRunRef {
  readonly bucket: Bucket;
  readonly nodeRunId: string;
}

/** Every statement on `ready`. */
@Injectable()
export class ReadyRepository {
  async insert(tx: Queryable, bucket: Bucket, nodeRunIds: readonly string[], runAfter: Date): Promise<void> {
    await tx.query(
      `insert into ready (bucket, node_run_id, run_after) select $1, id, $3 from unnest($2::text[]) as id`,
      [bucket, nodeRunIds, runAfter],
    );
  }

  /**
   * Takes one entry. Two takers of the same entry: the second finds it gone, or skips it while the first is undecided.
   *
   * @returns whether it was there and is now ours (once the transaction commits)
   */
  async take(tx: Queryable, ref: NodeRunRef): Promise<boolean> {
    const rows = await tx.query(
      `delete from ready
        where bucket = $1 and node_run_id = (
          select node_run_id from ready where bucket = $1 and node_run_id = $2 for update skip locked)
       returning node_run_id`,
      [ref.bucket, ref.nodeRunId],
    );
    return rows.length === 1;
  }

  async remove(tx: Queryable, bucket: Bucket, nodeRunIds: readonly string[]): Promise<void> {
    await tx.query(`delete from ready where bucket = $1 and node_run_id = any($2::text[])`, [bucket, nodeRunIds]);
  }

  /** What any coordinator may take now. Off the hot path: it looks at all buckets, locks nothing, and each take names its bucket. */
  async findDue(db: Queryable, now: Date, limit: number): Promise<NodeRunRef[]> {
    const rows = await db.query<Pick<ReadyEntity, 'bucket' | 'node_run_id'>>(
      `select bucket, node_run_id from ready where run_after <= $1 order by run_after limit $2`,
      [now, limit],
    );
    return rows.map(({ bucket, node_run_id }) => ({ bucket, nodeRunId: node_run_id }));
  }
}
