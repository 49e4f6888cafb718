import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { CoordinatorEntity } from '../tables/coordinator.entity.js';
import type { LeaseEntity } from '../tables/lease.entity.js';

/** Another coordinator as its row shows it. `left`: it stopped by itself and left work behind. */
export type Peer = Pick<CoordinatorEntity, 'coordinator_id'> & { readonly beat: string; readonly left: boolean };

/** Rows of coordinator processes, and what they hold. None of them is of one bucket. */
@Injectable()
export class MembershipRepository {
  async join(db: Queryable, coordinatorId: string): Promise<void> {
    await db.query(
      `insert into coordinators (coordinator_id, started_at, heartbeat_at) values ($1, now(), clock_timestamp())`,
      [coordinatorId],
    );
  }

  /**
   * Touches the own row and reads the others', in one statement.
   *
   * @returns the others; undefined when the own row is gone: somebody took this process for dead
   */
  async beat(db: Queryable, coordinatorId: string): Promise<Peer[] | undefined> {
    const rows = await db.query<Peer & { readonly own: boolean }>(
      `with own as (
         update coordinators set heartbeat_at = clock_timestamp() where coordinator_id = $1 returning coordinator_id
       )
       select coordinator_id, '' as beat, false as left, true as own from own
       union all
       select coordinator_id, heartbeat_at::text, heartbeat_at = '-infinity', false from coordinators where coordinator_id <> $1`,
      [coordinatorId],
    );
    if (!rows.some(({ own }) => own)) return undefined;
    return rows.filter(({ own }) => !own);
  }

  /** Leaves; what is still held is left to the others, who need not wait for a silence. */
  async leave(db: Queryable, coordinatorId: string): Promise<void> {
    const gone = await db.query(
      `delete from coordinators where coordinator_id = $1 and not exists (select 1 from leases where owner = $1)
       returning coordinator_id`,
      [coordinatorId],
    );
    if (gone.length > 0) return;
    await db.query(`update coordinators set heartbeat_at = '-infinity' where coordinator_id = $1`, [coordinatorId]);
  }

  /** Removes a coordinator whose work was taken over, unless it has shown itself since. */
  async bury(db: Queryable, { coordinator_id, beat }: Pick<Peer, 'coordinator_id' | 'beat'>): Promise<void> {
    await db.query(`delete from coordinators where coordinator_id = $1 and heartbeat_at = $2::timestamptz`, [
      coordinator_id,
      beat,
    ]);
  }

  async findLeases(db: Queryable, owner: string, limit: number): Promise<LeaseEntity[]> {
    return db.query<LeaseEntity>(
      `select bucket, node_run_id, run_id, owner, epoch, repeatable from leases where owner = $1 limit $2`,
      [owner, limit],
    );
  }

  /** The lease of one node run, when it is `owner`'s. */
  async findLease(
    db: Queryable,
    { bucket, node_run_id }: Pick<LeaseEntity, 'bucket' | 'node_run_id'>,
    owner: string,
  ): Promise<LeaseEntity | undefined> {
    const rows = await db.query<LeaseEntity>(
      `select bucket, node_run_id, run_id, owner, epoch, repeatable from leases
        where bucket = $1 and node_run_id = $2 and owner = $3`,
      [bucket, node_run_id, owner],
    );
    return rows[0];
  }

  /** Owners that have leases and no row. */
  async findLostOwners(db: Queryable): Promise<string[]> {
    const rows = await db.query<Pick<LeaseEntity, 'owner'>>(
      `select distinct l.owner from leases l
        where not exists (select 1 from coordinators c where c.coordinator_id = l.owner)`,
      [],
    );
    return rows.map(({ owner }) => owner);
  }
}
