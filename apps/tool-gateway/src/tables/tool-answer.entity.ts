import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What an idempotency key of an agent was answered. */
@Entity('tool_answers')
@Index('tool_answers_expiry', ['expires_at'])
export class ToolAnswerEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_answers_pkey' })
  agent_id!: string;

  /** SHA-256 of the key, in hex. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_answers_pkey' })
  key_hash!: string;

  /** SHA-256 of the request, in hex. */
  @Column({ type: 'text' })
  request_hash!: string;

  /** The attempt that is at work, or gave the answer. */
  @Column({ type: 'text' })
  holder!: string;

  /** Until when the holder is believed to be at work; null: answered. */
  @Column({ type: 'timestamptz', nullable: true })
  lease_until!: Date | null;

  @Column({ type: 'integer', nullable: true })
  status!: number | null;

  @Column({ type: 'jsonb', nullable: true })
  answer!: unknown;

  @Column({ type: 'timestamptz' })
  created_at!: Date;

  @Column({ type: 'timestamptz' })
  expires_at!: Date;
}
