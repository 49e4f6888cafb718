import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { TimerEntity } from '../tables/timer.entity.js';
import type { DispatchTicket, NodeRunKey } from './dispatch-ticket.js';

/** A row of `ready` or of `timers` that is due. `kind` is `ready` for the former. */
export type DueRow = Pick<TimerEntity, 'bucket' | 'run_id' | 'node_run_id'> & {
  readonly kind: TimerEntity['kind'] | 'ready';
};

/** What is due, and what a dispatcher must know of a node run. */
@Injectable()
export class DueWorkRepository {
  /**
   * Everything that is due, of all buckets: off the hot path, it locks nothing. Node runs are taken from tenants in turn, so that
   * the many of one do not hide the few of another; a tenant is found by the index alone.
   */
  async findDue(
    db: Queryable,
    now: Date,
    limit: { readonly ready: number; readonly timers: number },
  ): Promise<DueRow[]> {
    return db.query<DueRow>(
      `with recursive tenants as (
         (select tenant_id from ready order by tenant_id limit 1)
         union all
         select (select r.tenant_id from ready r where r.tenant_id > t.tenant_id order by r.tenant_id limit 1)
           from tenants t where t.tenant_id is not null
       ), turns as (
         select due.*, row_number() over (partition by t.tenant_id order by due.run_after) as turn
           from tenants t
          cross join lateral (
            select bucket, run_id, node_run_id, run_after from ready r
             where r.tenant_id = t.tenant_id and r.run_after <= $1
             order by r.run_after limit $2) as due
          where t.tenant_id is not null
       )
       (select 'ready' as kind, bucket, run_id, node_run_id from turns order by turn, run_after limit $2)
       union all
       (select kind, bucket, run_id, node_run_id from timers where due_at <= $1 order by due_at limit $3)`,
      [now, limit.ready, limit.timers],
    );
  }

  /**
   * What is needed to dispatch node runs. Those that are not due any more, because they were taken, parked or put back for later
   * since they were found, are left out: one statement, so the epoch of a ticket is that of a node run in the queue.
   */
  async findTickets(db: Queryable, keys: readonly NodeRunKey[], now: Date): Promise<DispatchTicket[]> {
    return db.query<DispatchTicket>(
      `select n.bucket, n.node_run_id, n.run_id, n.parent_node_run_id, n.node_type_id, n.node_type_version, n.kind, n.epoch, n.approval,
              i.inputs, i.constraints, coalesce(r.tenant_id, '') as tenant_id, r.owner, q.run_context, q.constraints as run_constraints
         from unnest($1::smallint[], $2::text[]) as k (bucket, node_run_id)
         join ready d on d.bucket = k.bucket and d.node_run_id = k.node_run_id
         join node_runs n on n.bucket = k.bucket and n.node_run_id = k.node_run_id
         join node_run_inputs i on i.bucket = k.bucket and i.node_run_id = k.node_run_id
         join runs r on r.bucket = n.bucket and r.run_id = n.run_id
         join run_requests q on q.bucket = n.bucket and q.run_id = n.run_id
        where n.state = 'queued' and d.run_after <= $3`,
      [keys.map(({ bucket }) => bucket), keys.map(({ node_run_id }) => node_run_id), now],
    );
  }
}
