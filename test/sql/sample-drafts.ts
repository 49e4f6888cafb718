import { startRun } from '../../apps/coordinator/src/lifecycle/start-run.js';
import { decideApproval } from '../../apps/coordinator/src/lifecycle/approvals.js';
import { beginNodeRun, finishNodeRun, parkNodeRun } from '../../apps/coordinator/src/lifecycle/execution.js';
import { RunDraft } from '../../apps/coordinator/src/lifecycle/run-draft.js';
import type { LoadedRun } from '../../apps/coordinator/src/lifecycle/run-draft.js';

export const BUCKET = 7;
export const RUN = 'run_sample';

const UNLIMITED = { own: null, run: null };
const NOTHING = { usage: { external_calls: 0, cost: 0 }, limits: UNLIMITED };

/** A run that was just started: everything that starting inserts, with a deadline. */
export function startedDraft(): RunDraft {
  const draft = new RunDraft(BUCKET, RUN, { nodeRuns: [], documents: new Map(), reportKeys: new Set() }, new Date());
  startRun(draft, {
    request: { root_node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' }, input: {} },
    runContext: {},
    approvalExpiryMs: 60_000,
    principal: { subject: 'test', owner: 'tenant:t' },
    decision: { decision: 'allow' },
    kind: 'atomic',
    constraints: { budgets: { max_wall_time_ms: 60_000 } },
    conflict: { code: 'run_already_exists', details: {} },
  });
  return draft;
}

/** The same run, begun: what a begin changes. */
export function begunDraft(started: RunDraft): RunDraft {
  const draft = next(started);
  beginNodeRun(draft, {
    nodeRunId: draft.head.root_node_run_id,
    epoch: 0,
    owner: 'coordinator_sample',
    kind: 'atomic',
    decision: { decision: 'allow' },
    repeatable: true,
    limits: UNLIMITED,
  });
  return draft;
}

/** The same run, ended: what a finish changes. */
export function finishedDraft(begun: RunDraft): RunDraft {
  const draft = next(begun);
  const hold = { nodeRunId: draft.head.root_node_run_id, epoch: 1 };
  finishNodeRun(draft, hold, { state: 'succeeded', outputs: {} }, NOTHING);
  return draft;
}

/** The same run, which now waits for an approval. */
export function parkedDraft(started: RunDraft): RunDraft {
  const draft = next(started);
  parkNodeRun(
    draft,
    { nodeRunId: draft.head.root_node_run_id, epoch: 0 },
    {
      action: 'node.run.execute',
      decision: { decision: 'require_approval' },
      inputs: {},
      runContext: null,
      defaultExpiryMs: 60_000,
    },
  );
  return draft;
}

/** The same run, approved. */
export function approvedDraft(parked: RunDraft): RunDraft {
  const draft = next(parked);
  const expiresAt = new Date(draft.now.getTime() + 60_000);
  const verdict = { state: 'approved', by: { type: 'user', id: 'anna' }, comment: 'sample', expiresAt } as const;
  decideApproval(draft, draft.head.root_node_run_id, 'node.run.execute', verdict);
  return draft;
}

function next(before: RunDraft): RunDraft {
  const root = before.find(before.head.root_node_run_id);
  const loaded: LoadedRun = {
    head: before.head,
    nodeRuns: root === undefined ? [] : [root],
    documents: new Map(),
    reportKeys: new Set(),
  };
  return new RunDraft(BUCKET, RUN, loaded, new Date());
}
