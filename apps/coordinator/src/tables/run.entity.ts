import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { RunState } from '#contract';

/** A run's head: its state and the counter of its events. Narrow and hot; everything large is in `run_requests` and `run_events`. */
@Entity('runs')
@Index('runs_created', ['created_at'])
@Index('runs_owner', ['owner', 'created_at', 'run_id'], { where: '"owner" is not null' })
export class RunEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'runs_pkey' })
  bucket!: number;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'runs_pkey' })
  run_id!: string;

  @Column({ type: 'text', nullable: true })
  tenant_id!: string | null;

  @Column({ type: 'text' })
  state!: RunState;

  @Column({ type: 'text' })
  root_node_run_id!: string;

  /** `seq` of the last event; events count from 1 without gaps. */
  @Column({ type: 'integer' })
  last_seq!: number;

  @Column({ type: 'timestamptz' })
  created_at!: Date;

  @Column({ type: 'timestamptz', nullable: true })
  started_at!: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  ended_at!: Date | null;

  /** When `max_wall_time_ms` is used up. */
  @Column({ type: 'timestamptz', nullable: true })
  deadline_at!: Date | null;

  /** Node runs of this run, the root included. */
  @Column({ type: 'integer', default: 1 })
  node_count!: number;

  /** Executions that were begun; repetitions count. */
  @Column({ type: 'integer', default: 0 })
  steps!: number;

  /** As results reported. */
  @Column({ type: 'integer', default: 0 })
  external_calls!: number;

  /** As results reported, in their unit. */
  @Column({ type: 'double precision', default: 0 })
  cost!: number;

  /** `tenant:<id>` or `subject:<sub>`; null when it was started without authentication. */
  @Column({ type: 'text', nullable: true })
  owner!: string | null;
}

/** What a run was started with, apart from the root's inputs. Written once. */
@Entity('run_requests')
@ForeignKey(() => RunEntity, ['bucket', 'run_id'], ['bucket', 'run_id'], {
  name: 'run_requests_run_fkey',
  onDelete: 'CASCADE',
})
export class RunRequestEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'run_requests_pkey' })
  bucket!: number;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'run_requests_pkey' })
  run_id!: string;

  /** Fingerprint of the whole RunStartRequest: tells a replay from another request with the same id. */
  @Column({ type: 'text' })
  request_hash!: string;

  @Column({ type: 'json', nullable: true })
  run_context!: object | null;

  @Column({ type: 'json', nullable: true })
  constraints!: object | null;

  @Column({ type: 'json', nullable: true })
  metadata!: object | null;

  @Column({ type: 'json', nullable: true })
  extensions!: object | null;
}
