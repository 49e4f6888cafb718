import type { PolicyDecision } from '#contract';
import { bucketOfRun } from '../sharding/bucket.js';
import type { ApprovableAction } from '../tables/node-run.entity.js';
import { approvalIdOf } from './approval-id.js';
import { decideApproval, expireApproval } from './approvals.js';
import type { Verdict } from './approvals.js';
import { cancelRun, expireRun } from './cancel-run.js';
import { createNodeRuns } from './create-node-runs.js';
import { acceptComposite, beginNodeRun, parkNodeRun } from './execution.js';
import { completeNodeRun } from './reports.js';
import { RunDraft } from './run-draft.js';
import { startRun } from './start-run.js';

const RUN = 'run_approvals';
const NOW = new Date('2026-01-31T12:00:00Z');
const LATER = new Date(NOW.getTime() + 3_600_000);
const NOTHING = { external_calls: 0, cost: 0 };
const UNLIMITED = { own: null, run: null };
const ASKED: PolicyDecision = { decision: 'require_approval', reason_code: 'explicit_approval' };
const verdict = (state: 'approved' | 'denied', expiresAt = LATER): Verdict => {
  return { state, by: { type: 'user', id: 'anna' }, comment: undefined, expiresAt };
};

function start(draft: RunDraft, decision: PolicyDecision, kind: 'atomic' | 'composite' = 'atomic'): string {
  startRun(draft, {
    request: {
      root_node_type_ref: { node_type_id: 'test.root', version: '1' },
      input: { text: 'hi', token: 's3cret' },
    },
    runContext: { actor: { type: 'user', id: 'alice' } },
    approvalExpiryMs: 60_000,
    principal: { subject: 'alice', owner: 'tenant:acme' },
    decision,
    kind,
    constraints: { budgets: { max_wall_time_ms: 1_800_000 } },
    conflict: { code: 'run_already_exists', details: {} },
  });
  return draft.head.root_node_run_id;
}

function newDraft(): RunDraft {
  return new RunDraft(bucketOfRun(RUN), RUN, { nodeRuns: [], documents: new Map(), reportKeys: new Set() }, NOW);
}

/** The draft as a later command finds it. */
function at(before: RunDraft, now: Date): RunDraft {
  const request = before.started;
  const loaded = { nodeRuns: before.open(), documents: new Map(), reportKeys: new Set<string>() };
  return new RunDraft(
    before.bucket,
    RUN,
    { ...loaded, head: before.head, ...(request === undefined ? {} : { request }) },
    now,
  );
}

function park(draft: RunDraft, nodeRunId: string, decision = ASKED): void {
  const { epoch = -1 } = draft.find(nodeRunId) ?? {};
  const request = {
    action: 'node.run.execute' as const,
    decision,
    inputs: {},
    runContext: null,
    defaultExpiryMs: 60_000,
  };
  expect(parkNodeRun(draft, { nodeRunId, epoch }, request)).toBe(true);
}

const settled = (draft: RunDraft) =>
  draft.changes.settledApprovals.map(({ approval_id, state }) => [approval_id, state]);
const begin = (draft: RunDraft, nodeRunId: string) =>
  beginNodeRun(draft, {
    nodeRunId,
    epoch: draft.find(nodeRunId)?.epoch ?? -1,
    owner: 'coordinator_test',
    kind: draft.find(nodeRunId)?.kind ?? 'atomic',
    decision: { decision: 'allow' },
    repeatable: true,
    limits: UNLIMITED,
  });

describe('approvals', () => {
  it('a start that needs one waits, is replayed without effect, and goes on to the checkpoint of its execution', () => {
    const draft = newDraft();
    const root = start(draft, ASKED);
    expect(draft.head.state).toBe('queued');
    expect([...draft.changes.ready.added.keys()]).toEqual([]);
    expect([...draft.changes.timers.added.values()].map(({ kind }) => kind).sort()).toEqual([
      'run_deadline',
      'start_approval_expiry',
    ]);
    expect(draft.changes.newApprovals).toEqual([
      expect.objectContaining({
        approval_id: approvalIdOf('run.start', root),
        action: 'run.start',
        state: 'pending',
        node_run_id: root,
        owner: 'tenant:acme',
        requested_by: { type: 'user', id: 'alice' },
        inputs: { text: 'hi', token: 's3cret' },
      }),
    ]);
    expect(begin(draft, root)).toBeUndefined();
    start(draft, ASKED);
    expect(draft.changes.newApprovals).toHaveLength(1);
    expect(decideApproval(draft, root, 'run.start', verdict('approved'))).toBe('approved');
    expect([...draft.changes.ready.added.keys()]).toEqual([root]);
    park(draft, root);
    // A timer of the start that fires late expires nothing of what is asked now.
    expireApproval(draft, root, 'run.start');
    expect(draft.find(root)).toMatchObject({ state: 'queued', approval: 'node.run.execute' });
    expect(settled(draft)).toEqual([[approvalIdOf('run.start', root), 'approved']]);
    decideApproval(draft, root, 'node.run.execute', verdict('approved'));
    expect(begin(draft, root)).toMatchObject({ nodeRunId: root });
  });

  it('a start that is denied fails the run', () => {
    const draft = newDraft();
    const root = start(draft, ASKED);
    decideApproval(draft, root, 'run.start', { ...verdict('denied'), comment: 'no' });
    expect(draft.head.state).toBe('failed');
    expect(draft.changes.results.at(-1)?.error).toMatchObject({
      code: 'approval_denied',
      message: 'An approver denied it: no',
    });
    expect(draft.changes.events.at(-1)).toMatchObject({ type: 'run_completed', data: { state: 'failed' } });
  });

  it.each([
    ['approved', 'denied'],
    ['denied', 'approved'],
    ['approved', 'approved'],
  ] as const)('of two in one group the first counts: %s, then %s', (first, second) => {
    const draft = newDraft();
    const root = start(draft, { decision: 'allow' });
    park(draft, root);
    decideApproval(draft, root, 'node.run.execute', verdict(first));
    const events = draft.changes.events.length;
    expect(() => decideApproval(draft, root, 'node.run.execute', verdict(second))).toThrow(
      expect.objectContaining({ code: 'approval_decided' }),
    );
    expireApproval(draft, root, 'node.run.execute');
    expect(draft.changes.events).toHaveLength(events);
    expect(settled(draft)).toEqual([[approvalIdOf('node.run.execute', root), first]]);
  });

  it('a decision that comes after the expiry expires it, though its timer has not fired', () => {
    const draft = newDraft();
    const root = start(draft, { decision: 'allow' });
    park(draft, root);
    expect(decideApproval(draft, root, 'node.run.execute', verdict('approved', NOW))).toBe('expired');
    expect(settled(draft)).toEqual([[approvalIdOf('node.run.execute', root), 'expired']]);
    expect(draft.head.state).toBe('failed');
    expect(draft.changes.results.at(-1)?.error?.code).toBe('approval_expired');
  });

  it('a cancel in the same group withdraws it, and a decision after that is refused', () => {
    const draft = newDraft();
    const root = start(draft, { decision: 'allow' });
    park(draft, root);
    cancelRun(draft);
    expect(settled(draft)).toEqual([[approvalIdOf('node.run.execute', root), 'withdrawn']]);
    expect(() => decideApproval(draft, root, 'node.run.execute', verdict('approved'))).toThrow(
      expect.objectContaining({ code: 'approval_decided' }),
    );
    expect([...draft.changes.timers.added.keys()]).toEqual([]);
  });

  it.each<[ApprovableAction, PolicyDecision]>([
    ['run.start', ASKED],
    ['node.run.execute', { decision: 'allow' }],
  ])('the wall time goes on while %s waits: its end withdraws it', (action, decision) => {
    const draft = newDraft();
    const root = start(draft, decision);
    if (action === 'node.run.execute') park(draft, root);
    const late = at(draft, LATER);
    expireRun(late);
    expect(late.head.state).toBe('failed');
    expect(settled(late)).toEqual([[approvalIdOf(action, root), 'withdrawn']]);
    expect([...late.changes.timers.removed.keys()]).toContain(
      `${action === 'run.start' ? 'start_approval_expiry' : 'approval_expiry'} ${root}`,
    );
  });

  it('what is approved when its wall time is over does not begin', () => {
    const draft = newDraft();
    const root = start(draft, { decision: 'allow' });
    park(draft, root);
    const late = at(draft, LATER);
    decideApproval(late, root, 'node.run.execute', verdict('approved', new Date(LATER.getTime() + 1)));
    expect(begin(late, root)).toBeUndefined();
    expect(late.head.state).toBe('failed');
    expect(late.changes.results.at(-1)?.error?.code).toBe('budget_exceeded');
  });

  it('ends with what is above it; meanwhile nobody completes it with success or builds on it', () => {
    const draft = newDraft();
    const root = start(draft, { decision: 'allow' }, 'composite');
    const begun = begin(draft, root);
    if (begun === undefined) throw new Error('it did not begin');
    acceptComposite(draft, begun, LATER);
    const child = `node_run_${'0'.repeat(32)}`;
    const spec = { node_type_ref: { node_type_id: 'composite.child', version: '1' }, inputs: {}, idempotency_key: 'k' };
    const children = [{ nodeRunId: child, spec, kind: 'composite' as const, typeConstraints: undefined }];
    createNodeRuns(draft, root, children);
    park(draft, child);
    expect(() => completeNodeRun(draft, child, { state: 'succeeded' }, NOTHING)).toThrow(
      expect.objectContaining({ code: 'approval_required' }),
    );
    expect(() => createNodeRuns(draft, child, [{ ...children[0]!, nodeRunId: `node_run_${'1'.repeat(32)}` }])).toThrow(
      expect.objectContaining({ code: 'parent_node_run_invalid' }),
    );
    completeNodeRun(draft, root, { state: 'succeeded' }, NOTHING);
    expect(draft.find(child)).toMatchObject({ state: 'canceled', approval: null });
    expect(settled(draft)).toEqual([[approvalIdOf('node.run.execute', child), 'withdrawn']]);
  });

  it('an executor may fail what waits', () => {
    const draft = newDraft();
    const root = start(draft, { decision: 'allow' });
    park(draft, root);
    completeNodeRun(draft, root, { state: 'failed' }, NOTHING);
    expect(settled(draft)).toEqual([[approvalIdOf('node.run.execute', root), 'withdrawn']]);
    expect(draft.head.state).toBe('failed');
  });

  const asked = (extension: unknown) => {
    const draft = newDraft();
    start(draft, { ...ASKED, message: 'why\0not', extensions: { 'jarvis.approval': extension } });
    const [approval] = draft.changes.newApprovals;
    if (approval === undefined) throw new Error('nobody was asked');
    return {
      roles: approval.approver_roles,
      inputs: approval.inputs,
      seconds: (approval.expires_at.getTime() - NOW.getTime()) / 1_000,
      message: approval.message,
    };
  };
  const plain = { roles: null, inputs: { text: 'hi', token: 's3cret' }, seconds: 60, message: 'whynot' };

  it.each([
    [{}, {}],
    [{ roles: [] }, {}],
    [{ roles: ['finance'] }, { roles: ['finance'] }],
    [{ expires_in_seconds: 5 }, { seconds: 5 }],
    [{ expires_in_seconds: 1e12 }, { seconds: 31_536_000 }],
    [{ mask_inputs: ['/token'] }, { inputs: { text: 'hi', token: '***' } }],
  ])('the extension %j is followed', (extension, expected) => {
    expect(asked(extension)).toEqual({ ...plain, ...expected });
  });

  it.each([
    null,
    [],
    ['finance'],
    'finance',
    7,
    true,
    { roles: 'finance' },
    { roles: [7] },
    { roles: null },
    { expires_in_seconds: '60' },
    { expires_in_seconds: 0 },
    { expires_in_seconds: -1 },
    { mask_inputs: '/token' },
    { mask_inputs: [null] },
  ])('the extension %j is malformed: nobody may decide, nothing is shown', (extension) => {
    expect(asked(extension)).toEqual({ ...plain, roles: [], inputs: { inputs: '***' } });
  });
});
