import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { ToolAgentEntity } from './tool-agent.entity.js';

/** The public half of a key of an agent; the private half never comes here. */
@Entity('tool_agent_keys')
@ForeignKey(() => ToolAgentEntity, ['agent_id'], ['agent_id'], {
  name: 'tool_agent_keys_agent_fkey',
  onDelete: 'CASCADE',
})
export class ToolAgentKeyEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_agent_keys_pkey' })
  agent_id!: string;

  /** JWK thumbprint (RFC 7638), SHA-256 in base64url. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_agent_keys_pkey' })
  key_id!: string;

  /** Of its signatures: EdDSA, ES256 or RS256. */
  @Column({ type: 'text' })
  algorithm!: string;

  @Column({ type: 'jsonb' })
  public_jwk!: Record<string, unknown>;

  @Column({ type: 'timestamptz' })
  created_at!: Date;
}
