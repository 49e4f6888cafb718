import { CHAOS_NODES } from './chaos-pack.js';
import type { Execution } from './chaos-pack.js';

/** A node run as the tables have it when everything has ended. */
export interface EndedNodeRun {
  readonly node_run_id: string;
  readonly node_type_id: string;
  readonly state: string;
  /** Of its result; null when it has none. */
  readonly error_code: string | null;
}

/** What the record of executions and the stored results disagree on. */
export interface ExecutionViolation {
  readonly rule:
    | 'irreversible_executed_twice'
    | 'irreversible_failed_otherwise'
    | 'write_failed_otherwise'
    | 'read_not_repeated'
    | 'composite_failed'
    | 'succeeded_without_execution';
  readonly nodeRunId: string;
  readonly detail: string;
}

/** Ended node runs with their error codes, for `checkExecutions`. */
export const ENDED_NODE_RUNS = `
  select n.node_run_id, n.node_type_id, n.state, x.error ->> 'code' as error_code
    from node_runs n left join node_run_results x on x.bucket = n.bucket and x.node_run_id = n.node_run_id`;

/**
 * Compares what executors did with what the coordinator says of it. Nothing of the load fails by itself: a node run that failed was
 * lost with its process, which only one that may not be repeated does.
 */
export function checkExecutions(
  executions: readonly Execution[],
  nodeRuns: readonly EndedNodeRun[],
): ExecutionViolation[] {
  const byNodeRun = new Map<string, Execution[]>();
  for (const execution of executions) {
    byNodeRun.set(execution.nodeRunId, [...(byNodeRun.get(execution.nodeRunId) ?? []), execution]);
  }
  return nodeRuns.flatMap((nodeRun) => rulesOf(nodeRun, byNodeRun.get(nodeRun.node_run_id) ?? []));
}

function rulesOf(
  { node_run_id: nodeRunId, node_type_id, state, error_code }: EndedNodeRun,
  executions: readonly Execution[],
): ExecutionViolation[] {
  const violations: ExecutionViolation[] = [];
  const note = (rule: ExecutionViolation['rule'], detail: string) => violations.push({ rule, nodeRunId, detail });
  const ended = `is ${state}${error_code === null ? '' : ` with ${error_code}`} after ${executions.length} executions`;
  if (node_type_id === CHAOS_NODES.irreversible) {
    if (executions.length > 1) note('irreversible_executed_twice', ended);
    if (state !== 'succeeded' && error_code !== 'execution_uncertain') note('irreversible_failed_otherwise', ended);
  } else if (node_type_id === CHAOS_NODES.write) {
    if (state !== 'succeeded' && error_code !== 'execution_uncertain') note('write_failed_otherwise', ended);
  } else if (state !== 'succeeded') {
    note(node_type_id.startsWith('composite.') ? 'composite_failed' : 'read_not_repeated', ended);
  }
  const isRecorded = Object.values<string>(CHAOS_NODES).includes(node_type_id);
  if (state === 'succeeded' && isRecorded && !executions.some(({ endedAt }) => endedAt !== undefined)) {
    note('succeeded_without_execution', ended);
  }
  return violations;
}
