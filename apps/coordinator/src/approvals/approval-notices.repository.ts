import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { ApprovalEntity } from '../tables/approval.entity.js';
import type { ApprovalNoticeEntity } from '../tables/approval-notice.entity.js';

export type ApprovalNoticeKey = Pick<ApprovalNoticeEntity, 'bucket' | 'approval_id' | 'type'>;

/** A notice with the approval that it speaks of, as that is now. */
export type ApprovalNotice = ApprovalEntity & Pick<ApprovalNoticeEntity, 'type' | 'occurred_at' | 'attempts'>;

/** What the webhook is still to be told; it is written by the run store. */
@Injectable()
export class ApprovalNoticesRepository {
  /**
   * Takes notices that are due, of all buckets, and passes over those that another coordinator takes at this moment. Each is due again
   * after `leaseMs` and a pause that doubles from 5 s to an hour, give or take a quarter: should the process end, somebody sends it then.
   */
  async claim(
    db: Queryable,
    now: Date,
    { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number },
  ): Promise<ApprovalNotice[]> {
    return db.query<ApprovalNotice>(
      `with due as (
         select bucket, approval_id, type from approval_notices where due_at <= $1 order by due_at limit $2 for update skip locked
       ), claimed as (
         update approval_notices n
            set attempts = n.attempts + 1,
                due_at = $1::timestamptz + $3 * interval '1 millisecond'
                       + least(5 * power(2, least(n.attempts, 10)), 3600) * (0.75 + random() / 2) * interval '1 second'
           from due
          where n.bucket = due.bucket and n.approval_id = due.approval_id and n.type = due.type
         returning n.bucket, n.approval_id, n.type, n.occurred_at, n.attempts
       )
       select c.type, c.occurred_at, c.attempts, a.*
         from claimed c
         join approvals a on a.bucket = c.bucket and a.approval_id = c.approval_id
        order by c.occurred_at`,
      [now, limit, leaseMs],
    );
  }

  async delete(db: Queryable, { bucket, approval_id, type }: ApprovalNoticeKey): Promise<void> {
    await db.query(`delete from approval_notices where bucket = $1 and approval_id = $2 and type = $3`, [
      bucket,
      approval_id,
      type,
    ]);
  }
}
