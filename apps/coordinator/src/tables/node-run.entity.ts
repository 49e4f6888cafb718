import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { NodeKind, NodeRunState } from '#contract';
import { RunEntity } from './run.entity.js';

/** What can wait for an approval. */
export type ApprovableAction = 'run.start' | 'node.run.execute';

/** What a node run waits for, or that it may go on; null: nobody was asked. */
export type NodeRunApproval = ApprovableAction | 'approved' | null;

/** A node run's hot row. No index on `state`, so that updates stay HOT. */
@Entity('node_runs')
@Index('node_runs_run', ['bucket', 'run_id'])
@ForeignKey(() => RunEntity, ['bucket', 'run_id'], ['bucket', 'run_id'], {
  name: 'node_runs_run_fkey',
  onDelete: 'CASCADE',
})
export class NodeRunEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'node_runs_pkey' })
  bucket!: number;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'node_runs_pkey' })
  node_run_id!: string;

  @Column({ type: 'text' })
  run_id!: string;

  @Column({ type: 'text', nullable: true })
  parent_node_run_id!: string | null;

  @Column({ type: 'text' })
  node_type_id!: string;

  @Column({ type: 'text' })
  node_type_version!: string;

  /** Null until it is known: see node-types. */
  @Column({ type: 'text', nullable: true })
  kind!: NodeKind | null;

  @Column({ type: 'text' })
  state!: NodeRunState;

  /** 0 for the root. */
  @Column({ type: 'integer' })
  depth!: number;

  /** Counts assignments. A write that carries an older epoch comes from somebody who lost the node run, and is refused. */
  @Column({ type: 'integer' })
  epoch!: number;

  @Column({ type: 'timestamptz' })
  created_at!: Date;

  @Column({ type: 'timestamptz', nullable: true })
  started_at!: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  ended_at!: Date | null;

  @Column({ type: 'integer', default: 0 })
  child_count!: number;

  /** Requests that created children. */
  @Column({ type: 'integer', default: 0 })
  decomposition_rounds!: number;

  /** Executions that were begun, but for those whose request reached no executor. */
  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  /** Times in a row that the request reached no executor. */
  @Column({ type: 'integer', default: 0 })
  unsent!: number;

  @Column({ type: 'text', nullable: true })
  approval!: NodeRunApproval;
}
