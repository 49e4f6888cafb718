import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An id of an assertion or a DPoP proof, which works once. */
@Entity('tool_used_ids')
@Index('tool_used_ids_expiry', ['expires_at'])
export class ToolUsedIdEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_used_ids_pkey' })
  kind!: 'assertion' | 'dpop';

  /** SHA-256 of who used it and the `jti`, in hex. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_used_ids_pkey' })
  id_hash!: string;

  /** When it may be forgotten: whatever carries it is refused by its age then. */
  @Column({ type: 'timestamptz' })
  expires_at!: Date;
}
