import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key with which the gateway signs agent tokens. */
@Entity('tool_signing_keys')
export class ToolSigningKeyEntity {
  /** JWK thumbprint; the header `kid`. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tool_signing_keys_pkey' })
  key_id!: string;

  @Column({ type: 'jsonb' })
  public_jwk!: Record<string, unknown>;

  /** Sealed PKCS #8. */
  @Column({ type: 'text' })
  private_key!: string;

  @Column({ type: 'timestamptz' })
  created_at!: Date;

  /** Since when nothing is signed with it any more; what it signed is still verified. */
  @Column({ type: 'timestamptz', nullable: true })
  retired_at!: Date | null;
}
