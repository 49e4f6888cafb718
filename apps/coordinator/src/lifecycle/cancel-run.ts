import type { PolicyDecision } from '#contract';
import { cancelNodeRun, saidOfEnd, endNodeRun, failRunOverBudget, failure, tellExecutor } from './end-node-run.js';
import { isNodeRunTerminal } from './node-run-state.js';
import { policyDecidedEvent } from './policy-decided-event.js';
import type { RunDraft } from './run-draft.js';

/**
 * Cancels a run and every open node run of it; one that has ended stays as it is. The open node runs must be loaded.
 *
 * @param decision of the checkpoint; undefined when nobody had to be asked
 * @throws AppError run_not_found
 */
export function cancelRun(draft: RunDraft, decision?: PolicyDecision): void {
  if (draft.isTerminal) return;
  if (decision !== undefined) draft.append(policyDecidedEvent('run.cancel', decision, draft.head.root_node_run_id));
  for (const nodeRun of draft.open()) cancelNodeRun(draft, nodeRun);
  draft.append({ type: 'run_completed', data: { state: 'canceled' } });
  draft.moveRun('canceled');
  if (draft.head.deadline_at !== null) draft.dropTimer('run_deadline', '');
}

/** Fails a run whose wall time is used up. */
export function expireRun(draft: RunDraft): void {
  const { created_at, deadline_at } = draft.head;
  if (draft.isTerminal || deadline_at === null) return draft.dropTimer('run_deadline', '');
  if (deadline_at > draft.now) return;
  failRunOverBudget(draft, {
    budget: 'max_wall_time_ms',
    limit: deadline_at.getTime() - created_at.getTime(),
    used: draft.now.getTime() - created_at.getTime(),
  });
}

/** Fails a node run that has not ended in time: its own wall time is used up, or its executor has fallen silent. */
export function expireNodeRun(draft: RunDraft, nodeRunId: string): void {
  const nodeRun = draft.find(nodeRunId);
  if (nodeRun === undefined || isNodeRunTerminal(nodeRun.state)) {
    return draft.dropTimer('node_run_deadline', nodeRunId);
  }
  const limit = draft.documentsOf(nodeRunId)?.constraints?.budgets?.max_wall_time_ms;
  const used = draft.now.getTime() - nodeRun.created_at.getTime();
  const outcome =
    limit !== undefined && used >= limit
      ? failure('budget_exceeded', `The node run may take ${limit} ms (budgets.max_wall_time_ms).`, {
          budget: 'max_wall_time_ms',
          limit,
          used,
        })
      : failure('timeout', 'The executor has not reported the end of the node run in time.');
  tellExecutor(draft, nodeRun);
  endNodeRun(draft, nodeRun, outcome, saidOfEnd(draft, nodeRunId, outcome));
  draft.dropTimer('node_run_deadline', nodeRunId);
}
