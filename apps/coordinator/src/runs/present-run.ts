import type { Run } from '#contract';
import type { StoredRun } from '../run-log/run-log.repository.js';

/** The stored run as the standard shows it. */
export function presentRun(row: StoredRun): Run {
  const extensions = {
    ...(row.extensions as Record<string, unknown> | null),
    ...(row.constraints === null ? {} : { 'jarvis.constraints': row.constraints }),
  };
  return {
    run_id: row.run_id,
    state: row.state,
    root_node_run_id: row.root_node_run_id,
    ...(row.run_context === null ? {} : { run_context: row.run_context }),
    ...(row.started_at === null ? {} : { started_at: row.started_at.toISOString() }),
    ...(row.ended_at === null ? {} : { ended_at: row.ended_at.toISOString() }),
    ...(Object.keys(extensions).length === 0 ? {} : { extensions }),
  };
}
