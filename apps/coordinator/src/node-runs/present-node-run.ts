import type { NodeRun } from '#contract';
import type { NodeRunReportEntity, NodeRunSpec, StoredError } from './node-run-documents.entity.js';
import type { StoredNodeRun } from './node-runs.repository.js';

/** The row as the standard shows it. What the standard has no field for is under namespaced extension keys (seed 002). */
export function presentNodeRun(row: StoredNodeRun, reports: readonly NodeRunReportEntity[]): NodeRun {
  const evaluation = reports.at(-1)?.evaluation_result;
  const recoveryActions = reports.flatMap(({ recovery_action }) => (recovery_action === null ? [] : [recovery_action]));
  const extensions = presentExtensions(row.spec, row.error);
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
    ...(Object.keys(extensions).length === 0 ? {} : { extensions }),
  };
}

function presentExtensions(spec: NodeRunSpec, error: StoredError | null): Record<string, unknown> {
  const { constraints, candidate_set_id, binding_decision, idempotency_key } = spec;
  return {
    ...spec.extensions,
    ...(constraints === undefined ? {} : { 'jarvis.constraints': constraints }),
    ...(candidate_set_id === undefined ? {} : { 'jarvis.candidate_set_id': candidate_set_id }),
    ...(binding_decision === undefined ? {} : { 'jarvis.binding_decision': binding_decision }),
    ...(idempotency_key === undefined ? {} : { 'jarvis.idempotency_key': idempotency_key }),
    ...(error === null ? {} : { 'jarvis.completion_error': error }),
  };
}
