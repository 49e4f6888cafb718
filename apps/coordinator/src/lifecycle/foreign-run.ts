import { mayReach } from '#auth';
import type { Principal } from '#contract';
import { nodeRunNotFound } from './reports.js';
import { runNotFound } from './run-draft.js';
import type { RunDraft } from './run-draft.js';

/**
 * Refuses who may not know of the run: to him it does not exist.
 *
 * @param nodeRunId what he asked for, when that was a node run
 * @throws AppError run_not_found, node_run_not_found
 */
export function refuseForeign(draft: RunDraft, principal: Principal, nodeRunId?: string): void {
  if (mayReach(principal, { owner: draft.head.owner, runId: draft.runId })) return;
  throw nodeRunId === undefined ? runNotFound(draft.runId) : nodeRunNotFound(nodeRunId);
}
