import type { EvaluationResult, NodeRun, RecoveryAction, ResourceRef } from '#contract';
import { withWritten } from './extensions-prefix.js';

/** What of a stored node run is shown. */
export interface PresentableNodeRun {
  readonly node_run_id: string;
  readonly run_id: string;
  readonly parent_node_run_id: string | null;
  readonly node_type_id: string;
  readonly node_type_version: string;
  readonly kind: NonNullable<NodeRun['kind']> | null;
  readonly state: NodeRun['state'];
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  readonly inputs: Record<string, unknown>;
  readonly spec: {
    readonly candidate_set_id?: string;
    readonly binding_decision?: object;
    readonly idempotency_key?: string;
    readonly extensions?: Record<string, unknown>;
  };
  /** What holds for it. */
  readonly constraints: object | null;
  /** How often it was decomposed; shown when it was. */
  readonly decomposition_rounds: number;
  readonly outputs: Record<string, unknown> | null;
  readonly output_artifacts: ResourceRef[] | null;
  readonly error: object | null;
}

/** What of a report is shown. */
export interface PresentableReport {
  readonly evaluation_result: EvaluationResult;
  readonly recovery_action: RecoveryAction | null;
}

/**
 * The row as the standard shows it. What the standard has no field for is under extension keys (seed 002).
 *
 * @param reports of this node run, oldest first
 * @param prefix of the extension keys that the coordinator writes
 */
export function presentNodeRun(
  row: PresentableNodeRun,
  reports: readonly PresentableReport[],
  prefix: string,
): NodeRun {
  const evaluation = reports.at(-1)?.evaluation_result;
  const recoveryActions = reports.flatMap(({ recovery_action }) => (recovery_action === null ? [] : [recovery_action]));
  const { candidate_set_id, binding_decision, idempotency_key } = row.spec;
  const written = {
    constraints: row.constraints,
    decomposition_rounds: row.decomposition_rounds === 0 ? undefined : row.decomposition_rounds,
    candidate_set_id,
    binding_decision,
    idempotency_key,
    completion_error: row.error,
  };
  return {
    node_run_id: row.node_run_id,
    run_id: row.run_id,
    node_type_ref: { node_type_id: row.node_type_id, version: row.node_type_version },
    ...(row.kind === null ? {} : { kind: row.kind }),
    ...(row.parent_node_run_id === null ? {} : { parent_node_run_id: row.parent_node_run_id }),
    state: row.state,
    created_at: row.created_at.toISOString(),
    ...(row.started_at === null ? {} : { started_at: row.started_at.toISOString() }),
    ...(row.ended_at === null ? {} : { ended_at: row.ended_at.toISOString() }),
    inputs: row.inputs,
    ...(row.outputs === null ? {} : { outputs: row.outputs }),
    ...(row.output_artifacts === null ? {} : { output_artifacts: row.output_artifacts }),
    ...(evaluation === undefined ? {} : { evaluation_result: evaluation }),
    ...(recoveryActions.length === 0 ? {} : { recovery_actions: recoveryActions }),
    ...withWritten(row.spec.extensions, written, prefix),
  };
}
