import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { TimerEntity } from '../tables/timer.entity.js';

/** The key of a timer. */
export type TimerKey = Pick<TimerEntity, 'bucket' | 'run_id' | 'node_run_id' | 'kind'>;

/** Statements on `timers` outside of commands. */
@Injectable()
export class TimersRepository {
  /** Moves a due timer on, so that others leave it alone meanwhile. @returns false when somebody else has it, or it is gone */
  async postpone(db: Queryable, key: TimerKey, now: Date): Promise<boolean> {
    const rows = await db.query(
      `update timers set attempts = attempts + 1, due_at = $5 + least(attempts + 1, 60) * interval '5 seconds'
        where bucket = $1 and run_id = $2 and node_run_id = $3 and kind = $4 and due_at <= $5
       returning attempts`,
      [key.bucket, key.run_id, key.node_run_id, key.kind, now],
    );
    return rows.length === 1;
  }

  async delete(db: Queryable, key: TimerKey): Promise<void> {
    await db.query(`delete from timers where bucket = $1 and run_id = $2 and node_run_id = $3 and kind = $4`, [
      key.bucket,
      key.run_id,
      key.node_run_id,
      key.kind,
    ]);
  }
}
