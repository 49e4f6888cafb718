import fc from 'fast-check';
import type { ConstraintEnvelope } from '#contract';
import { connectDatabase } from '#database';
import type { Database } from '#database';
import type { Logger } from '#http';
import { createTestDatabase, runActs, runConstraints } from '#testing';
import type { RunAct, TestDatabase } from '#testing';
import { COORDINATOR_ENTITIES } from '../entities.js';
import { isApprovable } from '../lifecycle/approval-id.js';
import { decideApproval, expireApproval } from '../lifecycle/approvals.js';
import { cancelRun, expireNodeRun } from '../lifecycle/cancel-run.js';
import { createNodeRuns } from '../lifecycle/create-node-runs.js';
import {
  acceptComposite,
  beginNodeRun,
  finishNodeRun,
  parkNodeRun,
  recoverNodeRun,
  refuseNodeRun,
  releaseNodeRun,
  retryNodeRun,
} from '../lifecycle/execution.js';
import type { Hold, Limits } from '../lifecycle/execution.js';
import { failure } from '../lifecycle/end-node-run.js';
import { completeNodeRun, evaluateNodeRun } from '../lifecycle/reports.js';
import { RunDraft } from '../lifecycle/run-draft.js';
import type { LoadedDocuments } from '../lifecycle/run-draft.js';
import { startRun } from '../lifecycle/start-run.js';
import { bucketOfRun, keyedNodeRunId } from '../sharding/bucket.js';
import type { ApprovalEntity } from '../tables/approval.entity.js';
import type { NodeRunEntity } from '../tables/node-run.entity.js';
import type { RunEventEntity } from '../tables/run-event.entity.js';
import type { RunEntity, RunRequestEntity } from '../tables/run.entity.js';
import type { RunCommand } from './run-command.js';
import { RunStoreService } from './run-store.service.js';
import { RunWritesRepository } from './run-writes.repository.js';

/** What two stores must agree on after every command: the answer, the states, the events, and what waits. */
interface Observed {
  readonly run: object | undefined;
  readonly nodeRuns: object[];
  readonly events: object[];
  readonly ready: string[];
  readonly leases: object[];
  readonly timers: string[];
  readonly approvals: object[];
}

/** Runs in memory: the same rules on rows in maps. The whole state is loaded for each command. */
class MemoryStore {
  private readonly runs = new Map<string, { head: RunEntity; request: RunRequestEntity }>();
  private readonly nodeRuns = new Map<string, NodeRunEntity>();
  private readonly documents = new Map<string, LoadedDocuments>();
  private readonly events: RunEventEntity[] = [];
  private readonly ready = new Map<string, string>();
  private readonly leases = new Map<string, { run: string; owner: string; epoch: number }>();
  private readonly timers = new Map<string, string>();
  private readonly reportKeys = new Set<string>();
  private readonly approvals = new Map<string, ApprovalEntity>();

  execute<T>(command: RunCommand<T>): T {
    const { runId } = command;
    const known = this.runs.get(runId);
    const draft = new RunDraft(
      bucketOfRun(runId),
      runId,
      {
        ...(known === undefined ? {} : { head: known.head, request: known.request }),
        nodeRuns: [...this.nodeRuns.values()].filter(({ run_id }) => run_id === runId),
        documents: this.documents,
        reportKeys: this.reportKeys,
      },
      new Date(),
    );
    const result = command.decide(draft);
    this.keep(draft);
    return result;
  }

  observe(runId: string): Observed {
    const nodeRuns = [...this.nodeRuns.values()].filter(({ run_id }) => run_id === runId);
    const of = <V extends { run: string }>(all: Map<string, V>) => [...all].filter(([, { run }]) => run === runId);
    return {
      run: observedRun(this.runs.get(runId)?.head),
      nodeRuns: nodeRuns.map(observedNodeRun).sort(byJson),
      events: this.events.filter(({ run_id }) => run_id === runId).map(observedEvent),
      ready: [...this.ready]
        .filter(([, run]) => run === runId)
        .map(([id]) => id)
        .sort(),
      leases: of(this.leases)
        .map(([id, { owner, epoch }]) => ({ id, owner, epoch }))
        .sort(byJson),
      timers: [...this.timers]
        .filter(([, run]) => run === runId)
        .map(([key]) => key)
        .sort(),
      approvals: [...this.approvals.values()]
        .filter(({ run_id }) => run_id === runId)
        .map(observedApproval)
        .sort(byJson),
    };
  }

  private keep(draft: RunDraft): void {
    const { changes, runId } = draft;
    if (!draft.exists) return;
    const request = changes.newRun ?? this.runs.get(runId)?.request;
    if (request !== undefined) this.runs.set(runId, { head: draft.head, request });
    for (const [id, documents] of changes.newNodeRuns) this.documents.set(id, { ...documents, result_hash: null });
    for (const id of [...changes.newNodeRuns.keys(), ...draft.changedNodeRuns]) {
      const row = draft.find(id);
      if (row !== undefined) this.nodeRuns.set(id, row);
    }
    for (const { node_run_id, result_hash } of changes.results) {
      const documents = this.documents.get(node_run_id);
      if (documents !== undefined) this.documents.set(node_run_id, { ...documents, result_hash });
    }
    for (const { node_run_id, idempotency_key } of changes.reports) {
      if (idempotency_key !== null) this.reportKeys.add(`${node_run_id} ${idempotency_key}`);
    }
    for (const row of changes.newApprovals) this.approvals.set(row.approval_id, row);
    for (const settled of changes.settledApprovals) {
      const row = this.approvals.get(settled.approval_id);
      if (row !== undefined) this.approvals.set(row.approval_id, { ...row, ...settled });
    }
    this.events.push(...changes.events);
    for (const id of changes.ready.removed.keys()) this.ready.delete(id);
    for (const id of changes.ready.added.keys()) this.ready.set(id, runId);
    for (const id of changes.leases.removed.keys()) this.leases.delete(id);
    for (const [id, { owner, epoch }] of changes.leases.added) this.leases.set(id, { run: runId, owner, epoch });
    for (const key of changes.timers.removed.keys()) this.timers.delete(`${runId} ${key}`);
    for (const key of changes.timers.added.keys()) this.timers.set(`${runId} ${key}`, runId);
  }
}

const observedRun = (head: RunEntity | undefined) =>
  head === undefined
    ? undefined
    : {
        state: head.state,
        last_seq: head.last_seq,
        node_count: head.node_count,
        steps: head.steps,
        external_calls: head.external_calls,
        cost: head.cost,
        started: head.started_at !== null,
        ended: head.ended_at !== null,
      };
const observedNodeRun = (row: NodeRunEntity) => ({
  id: row.node_run_id,
  state: row.state,
  kind: row.kind,
  epoch: row.epoch,
  depth: row.depth,
  child_count: row.child_count,
  rounds: row.decomposition_rounds,
  attempts: row.attempts,
  unsent: row.unsent,
  approval: row.approval,
  started: row.started_at !== null,
  ended: row.ended_at !== null,
});
const observedApproval = (row: ApprovalEntity) => ({
  id: row.approval_id,
  node_run_id: row.node_run_id,
  action: row.action,
  state: row.state,
  decided: row.decided_at !== null,
  comment: row.comment,
});
const observedEvent = (row: RunEventEntity) => ({
  seq: row.seq,
  type: row.type,
  node_run_id: row.node_run_id,
  data: JSON.parse(JSON.stringify(row.data)) as unknown,
});
const byJson = (left: object, right: object) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1);

/** Follows what is known from outside: the ids of node runs, and the holds that were ever given. */
class Scenario {
  readonly nodeRunIds: string[] = [];
  readonly holds = new Map<string, Hold[]>();

  constructor(
    readonly runId: string,
    readonly constraints: ConstraintEnvelope | undefined,
    /** Whether its start needs an approval. */
    readonly gated: boolean,
  ) {}

  start(same = true): RunCommand<unknown> {
    const request = {
      run_id: this.runId,
      root_node_type_ref: { node_type_id: 'composite.test', version: '1' },
      input: same ? {} : { other: true },
      ...(this.constraints === undefined ? {} : { constraints: this.constraints }),
    };
    return this.command([], (draft) => {
      startRun(draft, {
        request,
        runContext: {},
        approvalExpiryMs: 60_000,
        principal: { subject: 'test' },
        decision: { decision: this.gated ? 'require_approval' : 'allow' },
        kind: 'composite',
        constraints: this.constraints,
        conflict: { code: 'run_already_exists', details: {} },
      });
      return draft.head.root_node_run_id;
    });
  }

  commandOf(action: RunAct): RunCommand<unknown> {
    const id = 'node' in action ? (this.nodeRunIds[action.node % this.nodeRunIds.length] ?? '') : '';
    const holds = this.holds.get(id) ?? [];
    const hold = ('stale' in action && action.stale ? holds.at(-2) : holds.at(-1)) ?? { nodeRunId: id, epoch: 0 };
    const limits: Limits = { own: this.constraints ?? null, run: this.constraints ?? null };
    const later = new Date(Date.now() + 60_000);
    const nothing = { usage: { external_calls: 0, cost: 0 }, limits };
    switch (action.do) {
      case 'create': {
        const children = action.keys.map((key) => ({
          nodeRunId: keyedNodeRunId(bucketOfRun(this.runId), this.runId, id, `k${key}`),
          spec: {
            node_type_ref: { node_type_id: action.composite ? 'composite.test' : 'test.atomic', version: '1' },
            inputs: { key },
            idempotency_key: `k${key}`,
          },
          kind: action.composite ? ('composite' as const) : ('atomic' as const),
          typeConstraints: undefined,
        }));
        const ids = children.map(({ nodeRunId }) => nodeRunId);
        return this.command([id, ...ids], (draft) => {
          createNodeRuns(draft, id, children);
          return ids;
        });
      }
      case 'begin':
        return this.command([id], (draft) =>
          beginNodeRun(draft, {
            nodeRunId: id,
            epoch: draft.find(id)?.epoch ?? 0,
            owner: `coordinator_${action.who}`,
            kind: draft.find(id)?.kind ?? 'atomic',
            decision: { decision: 'allow' },
            repeatable: true,
            limits,
          }),
        );
      case 'accept':
        return this.command(
          [id],
          (draft) => draft.find(id)?.kind === 'composite' && acceptComposite(draft, hold, later),
        );
      case 'release':
        return this.command([id], (draft) => releaseNodeRun(draft, hold, later));
      case 'retry':
        return this.command([id], (draft) =>
          retryNodeRun(draft, hold, failure('timeout'), later, { ...nothing, isUnsent: action.isUnsent }),
        );
      case 'recover':
      case 'uncertain':
        return this.command([id], (draft) => recoverNodeRun(draft, hold, action.do === 'recover', 12));
      case 'finish':
        return this.command([id], (draft) =>
          finishNodeRun(
            draft,
            hold,
            action.succeeds ? { state: 'succeeded', outputs: { id } } : failure('handler_error'),
            {
              usage: { external_calls: 1, cost: action.cost },
              limits,
            },
          ),
        );
      case 'complete':
        return this.command([id], (draft) =>
          completeNodeRun(draft, id, action.succeeds ? { state: 'succeeded' } : { state: 'failed' }, nothing.usage),
        );
      case 'evaluate':
        return this.command([id], (draft) =>
          evaluateNodeRun(
            draft,
            id,
            { evaluation_result: { status: 'unknown' } },
            action.key === undefined ? undefined : `report ${action.key}`,
          ),
        );
      case 'refuse':
        return this.command([id], (draft) => {
          const found = { nodeRunId: id, epoch: draft.find(id)?.epoch ?? 0 };
          return refuseNodeRun(draft, found, failure('policy_denied'), { decision: 'deny' });
        });
      case 'expire':
        return this.command([id], (draft) => expireNodeRun(draft, id));
      case 'park':
        return this.command([id], (draft) => {
          const { approval = null, epoch = 0 } = draft.find(id) ?? {};
          return approval === null && parkNodeRun(draft, { nodeRunId: id, epoch }, APPROVAL_REQUEST);
        });
      case 'decide':
        return this.command([id], (draft) =>
          decideApproval(draft, id, action.start ? 'run.start' : 'node.run.execute', {
            state: action.approves ? 'approved' : 'denied',
            by: { type: 'user', id: 'anna' },
            comment: 'because',
            expiresAt: action.late ? new Date(0) : later,
          }),
        );
      case 'expire approval':
        return this.command([id], (draft) =>
          expireApproval(draft, id, action.start ? 'run.start' : 'node.run.execute'),
        );
      case 'cancel':
        return this.command([], cancelRun);
      case 'start again':
        return this.start(action.same);
    }
  }

  learn(action: RunAct, answer: unknown): void {
    if (action.do === 'create' && Array.isArray(answer)) {
      for (const id of answer as string[]) if (!this.nodeRunIds.includes(id)) this.nodeRunIds.push(id);
    }
    if (action.do === 'begin' && answer !== undefined && typeof answer === 'object') {
      const hold = answer as Hold;
      if (typeof hold.nodeRunId === 'string') {
        this.holds.set(hold.nodeRunId, [...(this.holds.get(hold.nodeRunId) ?? []), hold]);
      }
    }
  }

  private command<T>(nodeRunIds: readonly string[], decide: (draft: RunDraft) => T): RunCommand<T> {
    return { runId: this.runId, nodeRunIds, open: true, documents: true, reportKeys: true, decide };
  }
}

const APPROVAL_REQUEST = {
  action: 'node.run.execute',
  decision: { decision: 'require_approval' },
  inputs: { amount: 7 },
  runContext: null,
  defaultExpiryMs: 60_000,
} as const;

/** What must hold of every run, whatever was done to it. */
function expectLaws(seen: Observed): void {
  const nodeRuns = seen.nodeRuns as ReturnType<typeof observedNodeRun>[];
  const events = seen.events as ReturnType<typeof observedEvent>[];
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(events[0]?.type).toBe('run_started');
  const run = seen.run as { state: string; last_seq: number; node_count: number };
  expect(run.last_seq).toBe(events.length);
  expect(run.node_count).toBe(nodeRuns.length);
  const isOver = ['succeeded', 'failed', 'canceled'].includes(run.state);
  const completed = events.filter(({ type }) => type === 'run_completed');
  expect(completed).toHaveLength(isOver ? 1 : 0);
  if (isOver) {
    expect(events.at(-1)?.type).toBe('run_completed');
    expect(nodeRuns.every(({ ended }) => ended)).toBe(true);
    expect([seen.ready, seen.leases]).toEqual([[], []]);
  }
  // Nothing is forgotten: what is open waits in the queue or for a person, is held, or is a composite that reports by itself.
  for (const { id, state, kind, approval } of nodeRuns) {
    const isHeld = (seen.leases as { id: string }[]).some((lease) => lease.id === id);
    const isParked = isApprovable(approval);
    if (isParked) expect(state).toBe('queued');
    expect(seen.ready.includes(id)).toBe(state === 'queued' && !isParked);
    const asked = (seen.approvals as ReturnType<typeof observedApproval>[]).filter((one) => one.node_run_id === id);
    expect(asked.filter((one) => one.state === 'pending').map(({ action }) => action)).toEqual(
      isParked ? [approval] : [],
    );
    expect(seen.timers.filter((key) => /approval_expiry/.test(key) && key.endsWith(id))).toHaveLength(isParked ? 1 : 0);
    const decided = asked.filter((one) => ['approved', 'denied', 'expired'].includes(one.state));
    const said = events.filter(
      ({ node_run_id, data }) =>
        node_run_id === id && (data as { action?: string } | null)?.action === 'approval.decide',
    );
    expect(said).toHaveLength(decided.length);
    if (state === 'assigned' || (state === 'running' && kind === 'atomic')) expect(isHeld).toBe(true);
    if (!['assigned', 'running'].includes(state)) expect(isHeld).toBe(false);
  }
  for (const { id, state, kind } of nodeRuns) {
    const executed = events.filter(({ type, node_run_id }) => type === 'atomic_executed' && node_run_id === id);
    expect(executed.length).toBeLessThanOrEqual(1);
    if (kind === 'composite' && executed.length > 0) expect(state).not.toBe('queued');
  }
}

const SILENT = { error: () => undefined } as unknown as Logger;

describe('the run store and the rules in memory', () => {
  let home: TestDatabase;
  let database: Database;
  let store: RunStoreService;
  beforeAll(async () => {
    home = await createTestDatabase();
    database = await connectDatabase({
      url: home.url,
      entities: COORDINATOR_ENTITIES,
      poolSize: 4,
      connectTimeoutMs: 5_000,
      applicationName: 'run-store.model.spec',
    });
    store = new RunStoreService(database, new RunWritesRepository(), { maxQueued: 1_000 }, SILENT);
  });
  afterAll(async () => {
    await database.close();
    await home.drop();
  });

  it('answer alike, come to the same states and write the same events, for any sequence of acts', async () => {
    let serial = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(runActs, { maxLength: 40 }),
        runConstraints,
        fc.boolean(),
        async (acts, given, gated) => {
          serial += 1;
          const scenario = new Scenario(`run_model_${serial}`, given, gated);
          const memory = new MemoryStore();
          // The root's id is random: the database learns the one that the memory has drawn.
          await both(scenario.start(), memory, scenario);
          for (const action of acts) {
            const command = scenario.commandOf(action);
            const [expected, actual] = [
              attempt(() => memory.execute(command)),
              await attemptAsync(store.execute(command)),
            ];
            expect({ action, ...actual }).toEqual({ action, ...expected });
            scenario.learn(action, expected.answer);
          }
          const [modelled, stored] = [memory.observe(scenario.runId), await observeDatabase(home, scenario.runId)];
          expect(stored).toEqual(modelled);
          expectLaws(stored);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('come to the same laws when many do it at once', async () => {
    let serial = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(runActs, { minLength: 10, maxLength: 60 }),
        runConstraints,
        fc.boolean(),
        async (acts, given, gated) => {
          serial += 1;
          const scenario = new Scenario(`run_crowd_${serial}`, given, gated);
          scenario.nodeRunIds.push((await store.execute(scenario.start())) as string);
          for (let first = 0; first < acts.length; first += 12) {
            const crowd = acts.slice(first, first + 12);
            const answers = await Promise.all(
              crowd.map((action) => attemptAsync(store.execute(scenario.commandOf(action)))),
            );
            crowd.forEach((action, index) => scenario.learn(action, answers[index]?.answer));
          }
          expectLaws(await observeDatabase(home, scenario.runId));
        },
      ),
      { numRuns: 60 },
    );
  });

  /** Starts the run in both with the same root. */
  async function both(start: RunCommand<unknown>, memory: MemoryStore, scenario: Scenario): Promise<void> {
    let drawn: RunDraft | undefined;
    const root = memory.execute({
      ...start,
      decide: (draft) => {
        drawn = draft;
        return start.decide(draft);
      },
    }) as string;
    await store.execute({
      ...start,
      decide: (draft) => {
        const request = drawn?.changes.newRun;
        const documents = drawn?.changes.newNodeRuns.get(root);
        const row = drawn?.find(root);
        if (drawn === undefined || request === undefined || documents === undefined || row === undefined) {
          throw new Error('no run');
        }
        draft.insertRun({ ...drawn.head, last_seq: 0 }, request);
        draft.insertNodeRun(row, documents);
        draft.append(
          ...drawn.changes.events.map(({ type, node_run_id, data }) => ({
            type,
            ...(node_run_id === null ? {} : { nodeRunId: node_run_id }),
            ...(data === null ? {} : { data }),
          })),
        );
        if (drawn.changes.ready.added.size > 0) draft.enqueue(root, draft.now);
        draft.changes.newApprovals.push(...drawn.changes.newApprovals);
        for (const timer of drawn.changes.timers.added.values()) draft.setTimer(timer);
        return root;
      },
    });
    scenario.nodeRunIds.push(root);
  }
});

interface Attempted {
  readonly answer?: unknown;
  readonly error?: string;
}

function attempt(work: () => unknown): Attempted {
  try {
    return { answer: work() };
  } catch (error) {
    return { error: String((error as { code?: unknown }).code ?? error) };
  }
}

async function attemptAsync(work: Promise<unknown>): Promise<Attempted> {
  return work.then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error: String((error as { code?: unknown }).code ?? error) }),
  );
}

async function observeDatabase(home: TestDatabase, runId: string): Promise<Observed> {
  const of = <R extends object>(table: string, order: string) =>
    home.query<R>(`select * from ${table} where bucket = $1 and run_id = $2 order by ${order}`, [
      bucketOfRun(runId),
      runId,
    ]);
  const [runs, nodeRuns, events, ready, leases, timers, approvals] = await Promise.all([
    of<RunEntity>('runs', 'run_id'),
    of<NodeRunEntity>('node_runs', 'node_run_id'),
    of<RunEventEntity>('run_events', 'seq'),
    of<{ node_run_id: string }>('ready', 'node_run_id'),
    of<{ node_run_id: string; owner: string; epoch: number }>('leases', 'node_run_id'),
    of<{ node_run_id: string; kind: string }>('timers', 'node_run_id'),
    of<ApprovalEntity>('approvals', 'approval_id'),
  ]);
  return {
    run: observedRun(runs[0]),
    nodeRuns: nodeRuns.map(observedNodeRun).sort(byJson),
    events: events.map(observedEvent),
    ready: ready.map(({ node_run_id }) => node_run_id).sort(),
    leases: leases.map(({ node_run_id, owner, epoch }) => ({ id: node_run_id, owner, epoch })).sort(byJson),
    timers: timers.map(({ kind, node_run_id }) => `${runId} ${kind} ${node_run_id}`).sort(),
    approvals: approvals.map(observedApproval).sort(byJson),
  };
}
