import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A node run that may be dispatched. Only inserted and deleted. */
@Entity('ready')
export class ReadyEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'ready_pkey' })
  bucket!: number;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'ready_pkey' })
  node_run_id!: string;

  /** Not before this time: retries wait here. */
  @Column({ type: 'timestamptz' })
  run_after!: Date;
}
