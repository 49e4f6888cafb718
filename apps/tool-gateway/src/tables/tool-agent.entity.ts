import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An agent that calls tools. */
@Entity('tool_agents')
@Index('tool_agents_owner', ['owner', 'created_at', 'agent_id'])
export class ToolAgentEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_agents_pkey' })
  agent_id!: string;

  /** Whose agent it is, as `ownerOf` says; null: made without authentication. */
  @Column({ type: 'text', nullable: true })
  owner!: string | null;

  @Column({ type: 'text' })
  name!: string;

  /** Policies of this role hold for it. */
  @Column({ type: 'text' })
  role!: string;

  @Column({ type: 'text', nullable: true })
  created_by!: string | null;

  @Column({ type: 'text' })
  status!: 'active' | 'inactive';

  @Column({ type: 'timestamptz' })
  created_at!: Date;

  @Column({ type: 'timestamptz' })
  updated_at!: Date;
}
