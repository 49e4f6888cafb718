import { ResourceRef } from '../common/resource-ref.js';
import { NodeTypeRef } from '../core/node-type-ref.js';
import { EnumField, JsonObjectField, ObjectField, StringArrayField, StringField } from '../fields/fields.js';

/** Where an approval can be. All but `pending` are for ever. */
export const APPROVAL_STATES = ['pending', 'approved', 'denied', 'expired', 'withdrawn'] as const;

export type ApprovalState = (typeof APPROVAL_STATES)[number];

/** What somebody has to approve before it happens (beyond the standard, which has only its reference: `core/approval_ref.schema.json`). */
export class Approval {
  @StringField()
  approval_id!: string;

  @EnumField(APPROVAL_STATES)
  state!: ApprovalState;

  /** What is held until then: `run.start` or `node.run.execute`. */
  @StringField()
  action!: string;

  @StringField()
  run_id!: string;

  /** The node run that waits: of `run.start` the root. */
  @StringField()
  node_run_id!: string;

  @ObjectField(() => NodeTypeRef)
  node_type_ref!: NodeTypeRef;

  /** Who started the run; absent without authentication. */
  @ObjectField(() => ResourceRef, { optional: true })
  requested_by?: ResourceRef;

  @StringField({ format: 'date-time' })
  requested_at!: string;

  /** When it is denied by itself. */
  @StringField({ format: 'date-time' })
  expires_at!: string;

  /** Roles of which one is needed to decide; absent: the permission `approval.decide` is enough. */
  @StringArrayField({ optional: true })
  approver_roles?: string[];

  /** Why it was asked for. */
  @StringField({ optional: true })
  reason_code?: string;

  @StringField({ optional: true })
  message?: string;

  /** What it is to be done with, as far as policy lets it be seen. */
  @JsonObjectField()
  inputs!: Record<string, unknown>;

  /** Who approved or denied it. */
  @ObjectField(() => ResourceRef, { optional: true })
  decided_by?: ResourceRef;

  @StringField({ format: 'date-time', optional: true })
  decided_at?: string;

  @StringField({ optional: true })
  comment?: string;
}
