import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { BindingDecision, ConstraintEnvelope, EvaluationResult, RecoveryAction, ResourceRef } from '#contract';
import { NodeRunEntity } from './node-run.entity.js';

/** What the creator said beside the inputs. */
export interface NodeRunSpec {
  readonly constraints?: ConstraintEnvelope;
  readonly candidate_set_id?: string;
  readonly binding_decision?: BindingDecision;
  readonly requested_executor_instance_id?: string;
  readonly idempotency_key?: string;
  readonly metadata?: object;
  readonly extensions?: Record<string, unknown>;
}

/** An error as it is kept: the standard's ErrorDetail. */
export interface StoredError {
  readonly code: string;
  readonly message: string;
  readonly details?: Record<string, unknown>;
  readonly retryable?: boolean;
}

/** What a node run was created with. Written once. */
@Entity('node_run_inputs')
@ForeignKey(() => NodeRunEntity, ['bucket', 'node_run_id'], ['bucket', 'node_run_id'], {
  name: 'node_run_inputs_node_run_fkey',
  onDelete: 'CASCADE',
})
export class NodeRunInputsEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'node_run_inputs_pkey' })
  bucket!: number;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'node_run_inputs_pkey' })
  node_run_id!: string;

  @Column({ type: 'json' })
  inputs!: Record<string, unknown>;

  @Column({ type: 'json' })
  spec!: NodeRunSpec;

  /** Fingerprint of the whole specification: tells a replay of an idempotency key from another use of it. */
  @Column({ type: 'text' })
  spec_hash!: string;

  /** What holds for it: the constraints of run, parent, node type and specification, merged. */
  @Column({ type: 'json', nullable: true })
  constraints!: ConstraintEnvelope | null;
}

/** How a node run ended. Written once, by whoever ended it. */
@Entity('node_run_results')
@ForeignKey(() => NodeRunEntity, ['bucket', 'node_run_id'], ['bucket', 'node_run_id'], {
  name: 'node_run_results_node_run_fkey',
  onDelete: 'CASCADE',
})
export class NodeRunResultEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'node_run_results_pkey' })
  bucket!: number;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'node_run_results_pkey' })
  node_run_id!: string;

  /** Fingerprint of state and result: tells a repeated completion from a different one. */
  @Column({ type: 'text' })
  result_hash!: string;

  @Column({ type: 'json', nullable: true })
  outputs!: Record<string, unknown> | null;

  @Column({ type: 'json', nullable: true })
  output_artifacts!: ResourceRef[] | null;

  @Column({ type: 'json', nullable: true })
  error!: StoredError | null;
}

/** One evaluation with its recovery action. Appended, keyed by the `seq` of its event. */
@Entity('node_run_reports')
@ForeignKey(() => NodeRunEntity, ['bucket', 'node_run_id'], ['bucket', 'node_run_id'], {
  name: 'node_run_reports_node_run_fkey',
  onDelete: 'CASCADE',
})
export class NodeRunReportEntity {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'node_run_reports_pkey' })
  bucket!: number;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'node_run_reports_pkey' })
  node_run_id!: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'node_run_reports_pkey' })
  seq!: number;

  @Column({ type: 'json' })
  evaluation_result!: EvaluationResult;

  @Column({ type: 'json', nullable: true })
  recovery_action!: RecoveryAction | null;

  /** The Idempotency-Key of the request that reported it. */
  @Column({ type: 'text', nullable: true })
  idempotency_key!: string | null;
}
