import type { NodeRun } from '#contract';
import type { ReportedNodeRun } from '../run-store/run-reads.service.js';
import type { StoredNodeRun } from '../run-store/run-reads.repository.js';

/** Shows rows as the standard does. What the standard has no field for is under extension keys (seed 002). */
export class NodeRunPresenter {
  /** @param prefix of the extension keys that the coordinator writes */
  constructor(private readonly prefix: string) {}

  present({ nodeRun, reports }: ReportedNodeRun): NodeRun {
    return presentNodeRun(nodeRun, reports, this.prefix);
  }
}

function presentNodeRun(row: StoredNodeRun, reports: ReportedNodeRun['reports'], prefix: string): NodeRun {
  const evaluation = reports.at(-1)?.evaluation_result;
  const recoveryActions = reports.flatMap(({ recovery_action }) => (recovery_action === null ? [] : [recovery_action]));
  const extensions = presentExtensions(row, prefix);
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

function presentExtensions(row: StoredNodeRun, prefix: string): Record<string, unknown> {
  const { candidate_set_id, binding_decision, idempotency_key, extensions } = row.spec;
  const written = {
    constraints: row.constraints ?? undefined,
    decomposition_rounds: row.decomposition_rounds === 0 ? undefined : row.decomposition_rounds,
    completion_error: row.error ?? undefined,
    candidate_set_id,
    binding_decision,
    idempotency_key,
  };
  const known = Object.entries(written).filter(([, value]) => value !== undefined);
  return { ...extensions, ...Object.fromEntries(known.map(([name, value]) => [`${prefix}${name}`, value])) };
}
