import type { Run } from '#contract';
import { withWritten } from './extensions-prefix.js';

/** What of a stored run is shown. */
export interface PresentableRun {
  readonly run_id: string;
  readonly state: Run['state'];
  readonly root_node_run_id: string;
  readonly run_context: object | null;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  readonly constraints: object | null;
  readonly extensions: object | null;
}

/**
 * The stored run as the standard shows it.
 *
 * @param prefix of the extension keys that the coordinator writes
 */
export function presentRun(row: PresentableRun, prefix: string): Run {
  return {
    run_id: row.run_id,
    state: row.state,
    root_node_run_id: row.root_node_run_id,
    ...(row.run_context === null ? {} : { run_context: row.run_context }),
    ...(row.started_at === null ? {} : { started_at: row.started_at.toISOString() }),
    ...(row.ended_at === null ? {} : { ended_at: row.ended_at.toISOString() }),
    ...withWritten(row.extensions, { constraints: row.constraints }, prefix),
  };
}
