import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Which coordinator process works on a node run now. Only inserted and deleted. */
@Entity('leases')
@Index('leases_owner', ['owner'])
export class LeaseEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'leases_pkey' })
  bucket!: number;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'leases_pkey' })
  node_run_id!: string;

  @Column({ type: 'text' })
  run_id!: string;

  /** `coordinators.coordinator_id` */
  @Column({ type: 'text' })
  owner!: string;

  /** The epoch of the node run that this lease is for. */
  @Column({ type: 'integer' })
  epoch!: number;

  /** Whether the execution may be repeated when its owner is lost: reading, idempotent, or with a retry policy. */
  @Column({ type: 'boolean' })
  repeatable!: boolean;
}
