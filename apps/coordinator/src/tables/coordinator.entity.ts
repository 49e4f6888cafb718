import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A coordinator process: one row, touched by its heartbeat. */
@Entity('coordinators')
export class CoordinatorEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'coordinators_pkey' })
  coordinator_id!: string;

  @Column({ type: 'timestamptz' })
  started_at!: Date;

  @Column({ type: 'timestamptz' })
  heartbeat_at!: Date;
}
