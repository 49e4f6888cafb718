import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ToolAgentEntity } from './tool-agent.entity.js';

/** An agent token that was issued; the token itself is not kept. */
@Entity('tool_tokens')
@ForeignKey(() => ToolAgentEntity, ['agent_id'], ['agent_id'], { name: 'tool_tokens_agent_fkey', onDelete: 'CASCADE' })
@Index('tool_tokens_agent', ['agent_id', 'issued_at', 'token_id'])
@Index('tool_tokens_expiry', ['expires_at'])
export class ToolTokenEntity {
  /** Its `jti`. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_tokens_pkey' })
  token_id!: string;

  @Column({ type: 'text' })
  agent_id!: string;

  /** SHA-256 of the token, in hex. */
  @Column({ type: 'text' })
  token_hash!: string;

  @Column({ type: 'text', array: true })
  tools!: string[];

  @Column({ type: 'text', array: true })
  permissions!: string[];

  @Column({ type: 'text', nullable: true })
  intent!: string | null;

  /** Thumbprint of the key that must be proved (RFC 9449). */
  @Column({ type: 'text', nullable: true })
  dpop_jkt!: string | null;

  @Column({ type: 'timestamptz' })
  issued_at!: Date;

  @Column({ type: 'timestamptz' })
  expires_at!: Date;

  @Column({ type: 'timestamptz', nullable: true })
  revoked_at!: Date | null;
}
