import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { ApprovalState, ResourceRef } from '#contract';
import { NodeRunEntity } from './node-run.entity.js';

/** What is asked of a person before a node run, or a whole run, goes on. */
@Entity('approvals')
@Index('approvals_node_run', ['bucket', 'node_run_id'])
@Index('approvals_requested', ['requested_at', 'approval_id'])
@Index('approvals_pending', ['requested_at', 'approval_id'], { where: `"state" = 'pending'` })
@Index('approvals_owner', ['owner', 'requested_at', 'approval_id'], { where: '"owner" is not null' })
@Index('approvals_run', ['run_id'])
@ForeignKey(() => NodeRunEntity, ['bucket', 'node_run_id'], ['bucket', 'node_run_id'], {
  name: 'approvals_node_run_fkey',
  onDelete: 'CASCADE',
})
export class ApprovalEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'approvals_pkey' })
  bucket!: number;

  /** Says which node run it is of, and for what: see `approvalIdOf`. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'approvals_pkey' })
  approval_id!: string;

  @Column({ type: 'text' })
  run_id!: string;

  @Column({ type: 'text' })
  node_run_id!: string;

  /** Of the run. */
  @Column({ type: 'text', nullable: true })
  owner!: string | null;

  @Column({ type: 'text' })
  state!: ApprovalState;

  @Column({ type: 'text' })
  action!: string;

  @Column({ type: 'text' })
  node_type_id!: string;

  @Column({ type: 'text' })
  node_type_version!: string;

  /** Null without authentication. */
  @Column({ type: 'json', nullable: true })
  requested_by!: ResourceRef | null;

  @Column({ type: 'timestamptz' })
  requested_at!: Date;

  @Column({ type: 'timestamptz' })
  expires_at!: Date;

  @Column({ type: 'json', nullable: true })
  approver_roles!: readonly string[] | null;

  @Column({ type: 'text', nullable: true })
  reason_code!: string | null;

  @Column({ type: 'text', nullable: true })
  message!: string | null;

  /** Masked. */
  @Column({ type: 'json' })
  inputs!: Record<string, unknown>;

  @Column({ type: 'json', nullable: true })
  decided_by!: ResourceRef | null;

  @Column({ type: 'timestamptz', nullable: true })
  decided_at!: Date | null;

  @Column({ type: 'text', nullable: true })
  comment!: string | null;
}
