import { Injectable } from '@nestjs/common';
import type { ApprovalState } from '#contract';
import type { Queryable } from '#database';
import type { Bucket } from '../sharding/bucket.js';
import type { ApprovalEntity } from '../tables/approval.entity.js';

/** Which approvals to find. */
export interface ApprovalsPage {
  readonly states: readonly ApprovalState[];
  /** Null: of any owner. */
  readonly owner: string | null;
  /** Null: of any run. */
  readonly runId: string | null;
  /** Only older ones: the last approval of the page before. */
  readonly olderThan: { readonly createdAt: string; readonly id: string };
  readonly limit: number;
}

/** `requested_at` as its position has it: a Date would lose the microseconds. */
export type ListedApproval = ApprovalEntity & { readonly listed_at: string };

const COLUMNS = `a.bucket, a.approval_id, a.run_id, a.node_run_id, a.owner, a.state, a.action, a.node_type_id, a.node_type_version,
              a.requested_by, a.requested_at, a.expires_at, a.approver_roles, a.reason_code, a.message, a.inputs, a.decided_by,
              a.decided_at, a.comment`;

/** Reads of approvals; they are written by the run store. */
@Injectable()
export class ApprovalsRepository {
  async find(db: Queryable, bucket: Bucket, approvalId: string): Promise<ApprovalEntity | undefined> {
    const rows = await db.query<ApprovalEntity>(
      `select ${COLUMNS}
         from approvals a
        where a.bucket = $1 and a.approval_id = $2`,
      [bucket, approvalId],
    );
    return rows[0];
  }

  /** Newest first, over all buckets. */
  async findPage(db: Queryable, page: ApprovalsPage): Promise<ListedApproval[]> {
    return db.query<ListedApproval>(
      `select ${COLUMNS},
              to_char(a.requested_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as listed_at
         from approvals a
        where a.state = any($1::text[]) and ($2::text is null or a.owner = $2) and ($3::text is null or a.run_id = $3)
          and (a.requested_at, a.approval_id) < ($4::timestamptz, $5::text)
        order by a.requested_at desc, a.approval_id desc
        limit $6::int`,
      [page.states, page.owner, page.runId, page.olderThan.createdAt, page.olderThan.id, page.limit],
    );
  }
}
