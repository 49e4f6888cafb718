import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A call of a tool, for the log. Neither parameters nor answers are kept. */
@Entity('tool_calls')
@Index('tool_calls_agent', ['agent_id', 'at', 'call_id'])
@Index('tool_calls_owner', ['owner', 'at', 'call_id'])
@Index('tool_calls_at', ['at', 'call_id'])
export class ToolCallEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_calls_pkey' })
  call_id!: string;

  @Column({ type: 'timestamptz' })
  at!: Date;

  @Column({ type: 'text', nullable: true })
  owner!: string | null;

  @Column({ type: 'text' })
  agent_id!: string;

  @Column({ type: 'text' })
  correlation_id!: string;

  @Column({ type: 'text' })
  tool!: string;

  @Column({ type: 'text' })
  action!: string;

  /** HTTP status of the answer. */
  @Column({ type: 'integer' })
  status!: number;

  /** Of the error, if it failed. */
  @Column({ type: 'text', nullable: true })
  code!: string | null;

  @Column({ type: 'integer' })
  duration_ms!: number;

  @Column({ type: 'boolean' })
  cached!: boolean;

  @Column({ type: 'text', nullable: true })
  job_id!: string | null;
}
