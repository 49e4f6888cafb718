import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { RunEventType } from '#contract';

/** One event of a run. Partitioned by `time`, so that retention is a dropped partition; written once. */
@Entity('run_events')
export class RunEventEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'run_events_pkey' })
  bucket!: number;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'run_events_pkey' })
  run_id!: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'run_events_pkey' })
  seq!: number;

  @PrimaryColumn({ type: 'timestamptz', primaryKeyConstraintName: 'run_events_pkey' })
  time!: Date;

  @Column({ type: 'text' })
  type!: RunEventType;

  @Column({ type: 'text', nullable: true })
  node_run_id!: string | null;

  @Column({ type: 'json', nullable: true })
  data!: object | null;
}
