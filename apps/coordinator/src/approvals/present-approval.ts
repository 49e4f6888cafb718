import type { Approval } from '#contract';
import type { ApprovalEntity } from '../tables/approval.entity.js';

/** The row as callers see it. */
export function presentApproval(row: ApprovalEntity): Approval {
  return {
    approval_id: row.approval_id,
    state: row.state,
    action: row.action,
    run_id: row.run_id,
    node_run_id: row.node_run_id,
    node_type_ref: { node_type_id: row.node_type_id, version: row.node_type_version },
    ...(row.requested_by === null ? {} : { requested_by: row.requested_by }),
    requested_at: row.requested_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    ...(row.approver_roles === null ? {} : { approver_roles: [...row.approver_roles] }),
    ...(row.reason_code === null ? {} : { reason_code: row.reason_code }),
    ...(row.message === null ? {} : { message: row.message }),
    inputs: row.inputs,
    ...(row.decided_by === null ? {} : { decided_by: row.decided_by }),
    ...(row.decided_at === null ? {} : { decided_at: row.decided_at.toISOString() }),
    ...(row.comment === null ? {} : { comment: row.comment }),
  };
}
