import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A version of the credential of a tool, encrypted. */
@Entity('tool_credentials')
@Index('tool_credentials_version', ['owner', 'tool', 'version'], { unique: true })
@Index('tool_credentials_active', ['owner', 'tool'], { unique: true, where: 'is_active' })
export class ToolCredentialEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_credentials_pkey' })
  credential_id!: string;

  /** Whose agents and runs it serves; '': of the installation, for all that have none of their own. */
  @Column({ type: 'text' })
  owner!: string;

  @Column({ type: 'text' })
  tool!: string;

  @Column({ type: 'text' })
  version!: string;

  /** The credential under a key of its own, and that key under the master key. */
  @Column({ type: 'text' })
  sealed!: string;

  @Column({ type: 'jsonb', nullable: true })
  metadata!: Record<string, unknown> | null;

  @Column({ type: 'boolean' })
  is_active!: boolean;

  @Column({ type: 'timestamptz' })
  created_at!: Date;

  @Column({ type: 'timestamptz', nullable: true })
  activated_at!: Date | null;
}
