import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A secret that all coordinators of a database share, and that none was given. */
@Entity('secrets')
export class SecretEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'secrets_pkey' })
  name!: string;

  @Column({ type: 'text' })
  value!: string;

  @Column({ type: 'timestamptz' })
  created_at!: Date;
}
