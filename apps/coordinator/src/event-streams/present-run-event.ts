import type { RunEvent } from '#contract';
import type { EventRow } from './event-streams.repository.js';

/** A stored event as the contract has it: what is null in the row is absent. */
export function presentRunEvent(runId: string, row: EventRow): RunEvent {
  return {
    run_id: runId,
    seq: row.seq,
    type: row.type,
    time: row.time.toISOString(),
    ...(row.node_run_id === null ? {} : { node_run_id: row.node_run_id }),
    ...(row.data === null ? {} : { data: row.data as Record<string, unknown> }),
  };
}
