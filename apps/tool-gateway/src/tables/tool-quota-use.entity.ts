import { Entity, Index, PrimaryColumn } from 'typeorm';

/** A call that was let through and counts against quotas. */
@Entity('tool_quota_uses')
@Index('tool_quota_uses_at', ['at'])
export class ToolQuotaUseEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_quota_uses_pkey' })
  agent_id!: string;

  /** `tool:action` */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_quota_uses_pkey' })
  scope!: string;

  @PrimaryColumn({ type: 'timestamptz', primaryKeyConstraintName: 'tool_quota_uses_pkey' })
  at!: Date;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_quota_uses_pkey' })
  use_id!: string;
}
