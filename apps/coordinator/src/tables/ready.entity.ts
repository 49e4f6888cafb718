import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A node run that may be dispatched. Only inserted and deleted. */
@Entity('ready')
@Index('ready_tenant', ['tenant_id', 'run_after'])
export class ReadyEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'ready_pkey' })
  bucket!: number;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'ready_pkey' })
  node_run_id!: string;

  @Column({ type: 'text' })
  run_id!: string;

  /** Whose turn it is: coordinators take from tenants in turn. Empty when the run has no tenant. */
  @Column({ type: 'text' })
  tenant_id!: string;

  /** Not before this time: repetitions wait here. */
  @Column({ type: 'timestamptz' })
  run_after!: Date;
}
