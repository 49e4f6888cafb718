import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { ApprovalState } from '#contract';
import { ApprovalEntity } from './approval.entity.js';

/** What happened to an approval: it was asked for, or came to a state that is for ever. */
export type ApprovalNoticeType = 'requested' | Exclude<ApprovalState, 'pending'>;

/** Something that the approval webhook is still to be told. */
@Entity('approval_notices')
@Index('approval_notices_due', ['due_at'])
@ForeignKey(() => ApprovalEntity, ['bucket', 'approval_id'], ['bucket', 'approval_id'], {
  name: 'approval_notices_approval_fkey',
  onDelete: 'CASCADE',
})
export class ApprovalNoticeEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'approval_notices_pkey' })
  bucket!: number;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'approval_notices_pkey' })
  approval_id!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'approval_notices_pkey' })
  type!: ApprovalNoticeType;

  @Column({ type: 'timestamptz' })
  occurred_at!: Date;

  /** When it is sent, or sent again. */
  @Column({ type: 'timestamptz' })
  due_at!: Date;

  /** Deliveries begun so far. */
  @Column({ type: 'integer' })
  attempts!: number;
}
