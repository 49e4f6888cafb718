import type { Run } from '#contract';
import type { StoredRun } from '../run-store/run-reads.repository.js';

/** Shows a stored run as the standard does. */
export class RunPresenter {
  /** @param prefix of the extension keys that the coordinator writes */
  constructor(private readonly prefix: string) {}

  present(row: StoredRun): Run {
    const extensions = {
      ...(row.extensions as Record<string, unknown> | null),
      ...(row.constraints === null ? {} : { [`${this.prefix}constraints`]: row.constraints }),
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
}
