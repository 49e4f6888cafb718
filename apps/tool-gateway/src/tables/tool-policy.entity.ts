import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ToolAgentEntity } from './tool-agent.entity.js';

/** A policy of an agent or of a role. */
@Entity('tool_policies')
@ForeignKey(() => ToolAgentEntity, ['agent_id'], ['agent_id'], {
  name: 'tool_policies_agent_fkey',
  onDelete: 'CASCADE',
})
@Index('tool_policies_agent', ['agent_id'], { where: 'agent_id IS NOT NULL' })
@Index('tool_policies_role', ['role'], { where: 'role IS NOT NULL' })
export class ToolPolicyEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_policies_pkey' })
  policy_id!: string;

  /** Whose agents it holds for; null: of the installation, for all. */
  @Column({ type: 'text', nullable: true })
  owner!: string | null;

  @Column({ type: 'text', nullable: true })
  agent_id!: string | null;

  @Column({ type: 'text', nullable: true })
  role!: string | null;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Column({ type: 'jsonb' })
  spec!: Record<string, unknown>;

  @Column({ type: 'text' })
  spec_hash!: string;

  @Column({ type: 'boolean' })
  active!: boolean;

  @Column({ type: 'timestamptz' })
  created_at!: Date;

  @Column({ type: 'timestamptz' })
  updated_at!: Date;
}
