import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ToolAgentEntity } from './tool-agent.entity.js';

/** An asynchronous call. A run of the coordinator with the same id does the work. */
@Entity('tool_jobs')
@ForeignKey(() => ToolAgentEntity, ['agent_id'], ['agent_id'], { name: 'tool_jobs_agent_fkey', onDelete: 'CASCADE' })
@Index('tool_jobs_due', ['due_at'], { where: 'due_at IS NOT NULL' })
@Index('tool_jobs_agent', ['agent_id', 'created_at', 'job_id'])
@Index('tool_jobs_created', ['created_at'])
export class ToolJobEntity {
  /** Id of the run too. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_jobs_pkey' })
  job_id!: string;

  @Column({ type: 'text' })
  agent_id!: string;

  @Column({ type: 'text', nullable: true })
  owner!: string | null;

  @Column({ type: 'text' })
  tool!: string;

  @Column({ type: 'text' })
  action!: string;

  @Column({ type: 'text' })
  correlation_id!: string;

  /** What the run is started with; null once it is. */
  @Column({ type: 'jsonb', nullable: true })
  request!: unknown;

  /** Filters of the policies as they were when the call was let through. */
  @Column({ type: 'jsonb' })
  response_rules!: unknown;

  @Column({ type: 'text' })
  state!: 'queued' | 'running' | 'done' | 'failed';

  /** When it is handed to the coordinator, or handed again; null once it is. */
  @Column({ type: 'timestamptz', nullable: true })
  due_at!: Date | null;

  /** Times that it was handed over so far. */
  @Column({ type: 'integer' })
  attempts!: number;

  /** What the agent is answered. */
  @Column({ type: 'jsonb', nullable: true })
  result!: unknown;

  @Column({ type: 'text', nullable: true })
  error_code!: string | null;

  @Column({ type: 'text', nullable: true })
  error_message!: string | null;

  @Column({ type: 'timestamptz' })
  created_at!: Date;

  @Column({ type: 'timestamptz', nullable: true })
  finished_at!: Date | null;
}
