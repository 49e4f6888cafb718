import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * `run_deadline`: the wall time of the run is used up. `node_run_deadline`: that of the node run is, or its executor has not
 * reported in time. `cancel_notice`: an executor is to be told of a cancel. `approval_expiry` and `start_approval_expiry`:
 * nobody has approved its execution, or the start of the run, in time.
 */
export type TimerKind =
  'run_deadline' | 'node_run_deadline' | 'cancel_notice' | 'approval_expiry' | 'start_approval_expiry';

/** Something that is due at a time, whatever process is alive then. */
@Entity('timers')
@Index('timers_due', ['due_at'])
export class TimerEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'timers_pkey' })
  bucket!: number;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'timers_pkey' })
  run_id!: string;

  /** Empty when the run itself is meant. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'timers_pkey' })
  node_run_id!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'timers_pkey' })
  kind!: TimerKind;

  @Column({ type: 'timestamptz' })
  due_at!: Date;

  @Column({ type: 'integer' })
  attempts!: number;
}
