import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** What the policies of an agent said about a call. */
@Entity('tool_policy_decisions')
@Index('tool_policy_decisions_agent', ['agent_id', 'decision_id'])
@Index('tool_policy_decisions_at', ['at'])
export class ToolPolicyDecisionEntity {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'tool_policy_decisions_pkey',
  })
  decision_id!: string;

  @Column({ type: 'timestamptz' })
  at!: Date;

  @Column({ type: 'text', nullable: true })
  owner!: string | null;

  @Column({ type: 'text' })
  agent_id!: string;

  @Column({ type: 'text', array: true })
  policy_ids!: string[];

  @Column({ type: 'text' })
  tool!: string;

  @Column({ type: 'text' })
  action!: string;

  @Column({ type: 'text' })
  decision!: 'allow' | 'deny';

  @Column({ type: 'text', nullable: true })
  code!: string | null;

  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  /** What was known of the call, without its parameters. */
  @Column({ type: 'jsonb' })
  facts!: Record<string, unknown>;
}
