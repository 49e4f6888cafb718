import type { Run } from '#contract';
import { startScriptedCompositeExecutor } from '#testing';
import type { TestDatabase } from '#testing';
import { until } from '../chaos/settling.js';
import {
  child,
  CleanUp,
  created,
  createChildren,
  errorOf,
  nodeRun,
  runOf,
  startRun,
  untilRunEnds,
} from './coordinators.js';
import { call, eventsOf, refusal } from './http.js';
import { atomicType, startStubAtomicExecutor, startStubRegistry } from './stub-peers.js';

const QUEUED = { JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false' };

const structural = (limits: object) => ({ constraints: { structural: limits } });
const candidates = (lists: object) => ({ constraints: { candidates: lists } });
const gates = (limits: object) => ({ constraints: { gates: limits } });

/** Everything that a creation may write, of one run. */
async function rowsOf(database: TestDatabase, { run_id }: Run): Promise<object[]> {
  return database.query(
    `select r.last_seq, r.node_count,
            (select json_agg(n order by node_run_id) from node_runs n where n.run_id = r.run_id) as node_runs,
            (select count(*)::int from node_run_inputs i join node_runs n using (bucket, node_run_id) where n.run_id = r.run_id) as inputs,
            (select count(*)::int from run_events e where e.run_id = r.run_id) as events,
            (select count(*)::int from ready d where d.run_id = r.run_id) as ready,
            (select count(*)::int from timers t where t.run_id = r.run_id) as timers
       from runs r where r.run_id = $1`,
    [run_id],
  );
}

async function childrenOf(database: TestDatabase, { run_id }: Run): Promise<number> {
  const rows = await database.query<{ count: number }>(
    'select count(*)::int as count from node_runs where run_id = $1 and parent_node_run_id is not null',
    [run_id],
  );
  return rows[0]?.count ?? -1;
}

describe('structural limits', () => {
  const cleanUp = new CleanUp();
  let database: TestDatabase;
  let bases: [string, string];
  beforeAll(async () => {
    database = await cleanUp.database();
    bases = [(await cleanUp.coordinator(database, QUEUED)).url, (await cleanUp.coordinator(database, QUEUED)).url];
  });
  afterAll(() => cleanUp.run());

  /** Refused as this limit demands, and nothing of the run has changed. */
  async function expectRefused(run: Run, node_runs: object[], parent: string, limit: object): Promise<void> {
    const before = await rowsOf(database, run);
    const error = refusal(await createChildren(bases[0], run, node_runs, parent), 409, 'constraint_violation');
    expect(error.details).toMatchObject(limit);
    expect(await rowsOf(database, run)).toEqual(before);
  }

  it('max_depth counts from the root, which has depth 0', async () => {
    const run = await startRun(bases[0], 'composite.plan', structural({ max_depth: 1 }));
    const [inner] = await created(bases[0], run, [child('composite.b')]);
    const limit = { constraint: 'structural.max_depth', limit: 1, actual: 2 };
    await expectRefused(run, [child()], inner!.node_run_id, limit);
    const flat = await startRun(bases[0], 'composite.plan', structural({ max_depth: 0 }));
    await expectRefused(flat, [child()], flat.root_node_run_id, { ...limit, limit: 0, actual: 1 });
  });

  it('max_children_per_composite counts over all rounds, all or nothing', async () => {
    const run = await startRun(bases[0], 'composite.plan', structural({ max_children_per_composite: 3 }));
    await created(bases[0], run, [child(), child()]);
    const limit = { constraint: 'structural.max_children_per_composite', limit: 3, actual: 4 };
    await expectRefused(run, [child('atomic.a', { idempotency_key: 'k' }), child()], run.root_node_run_id, limit);
    await created(bases[0], run, [child()]);
    await expectRefused(run, [child()], run.root_node_run_id, limit);
  });

  it('max_total_nodes_per_run counts the root, and every level', async () => {
    const run = await startRun(bases[0], 'composite.plan', structural({ max_total_nodes_per_run: 3 }));
    const [inner] = await created(bases[0], run, [child('composite.b')]);
    const limit = { constraint: 'structural.max_total_nodes_per_run', limit: 3, actual: 4 };
    await expectRefused(run, [child(), child()], inner!.node_run_id, limit);
    await created(bases[0], run, [child()], inner!.node_run_id);
    await expectRefused(run, [child()], run.root_node_run_id, limit);
  });

  it('a run whose root alone is too much is not started', async () => {
    const answer = await call('POST', `${bases[0]}/v1/runs`, {
      run_id: 'run_of_nothing',
      root_node_type_ref: child('composite.plan').node_type_ref,
      input: {},
      ...structural({ max_total_nodes_per_run: 0 }),
    });
    expect(refusal(answer, 409, 'constraint_violation').details).toEqual({
      constraint: 'structural.max_total_nodes_per_run',
      limit: 0,
      actual: 1,
    });
    refusal(await call('GET', `${bases[0]}/v1/runs/run_of_nothing`), 404, 'run_not_found');
  });

  it('max_decomposition_rounds_per_node counts requests per parent', async () => {
    const run = await startRun(bases[0], 'composite.plan', structural({ max_decomposition_rounds_per_node: 2 }));
    const [inner] = await created(bases[0], run, [child('composite.b'), child()]);
    await created(bases[0], run, [child()]);
    const limit = { constraint: 'structural.max_decomposition_rounds_per_node', limit: 2, actual: 3 };
    await expectRefused(run, [child()], run.root_node_run_id, limit);
    await created(bases[0], run, [child()], inner!.node_run_id);
  });

  it('a replay of idempotency keys is not counted', async () => {
    const limits = { max_children_per_composite: 2, max_total_nodes_per_run: 3, max_decomposition_rounds_per_node: 1 };
    const run = await startRun(bases[0], 'composite.plan', structural(limits));
    const keyed = ['k1', 'k2'].map((idempotency_key) => child('atomic.a', { idempotency_key }));
    const first = await created(bases[0], run, keyed);
    const before = await rowsOf(database, run);
    for (const base of bases) expect(await created(base, run, keyed)).toEqual(first);
    expect(await rowsOf(database, run)).toEqual(before);
    const mixed = [...keyed, child('atomic.a', { idempotency_key: 'k3' })];
    await expectRefused(run, mixed, run.root_node_run_id, { actual: 3 });
  });

  it.each(['one coordinator', 'two coordinators'] as const)(
    '100 creators at once make exactly as many children of one parent as are allowed, through %s',
    async (through) => {
      const run = await startRun(bases[0], 'composite.plan', structural({ max_children_per_composite: 37 }));
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          createChildren(through === 'one coordinator' ? bases[0] : bases[index % 2]!, run, [child()]),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(37);
      for (const answer of answers.filter(({ status }) => status !== 200)) {
        expect(refusal(answer, 409, 'constraint_violation').details).toMatchObject({ limit: 37, actual: 38 });
      }
      expect(await childrenOf(database, run)).toBe(37);
      const events = await eventsOf(`${bases[1]}/v1/runs/${run.run_id}/events`);
      expect(events.filter(({ type }) => type === 'composite_decomposed')).toHaveLength(37);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    },
  );

  it.each(['one coordinator', 'two coordinators'] as const)(
    '100 creators with different parents make exactly as many node runs as a run may have, through %s',
    async (through) => {
      const run = await startRun(bases[0], 'composite.plan', structural({ max_total_nodes_per_run: 71 }));
      const parents = await created(
        bases[0],
        run,
        Array.from({ length: 20 }, () => child('composite.b')),
      );
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          createChildren(
            through === 'one coordinator' ? bases[0] : bases[index % 2]!,
            run,
            [child()],
            parents[index % parents.length]!.node_run_id,
          ),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(50);
      expect(await childrenOf(database, run)).toBe(70);
      const [row] = await database.query('select node_count from runs where run_id = $1', [run.run_id]);
      expect(row).toEqual({ node_count: 71 });
    },
  );

  it('are inherited and only narrowed: run, parent, child', async () => {
    const run = await startRun(bases[0], 'composite.plan', {
      constraints: {
        structural: { max_depth: 5, max_children_per_composite: 4 },
        candidates: { allowed_node_type_ids: ['composite.b', 'atomic.a', 'atomic.c'], denied_node_type_ids: ['x'] },
        budgets: { max_steps: 10 },
        gates: { side_effect_class: 'write' },
      },
    });
    const [inner] = await created(bases[0], run, [
      child('composite.b', {
        constraints: {
          structural: { max_depth: 9, max_children_per_composite: 2 },
          candidates: { allowed_node_type_ids: ['atomic.a', 'atomic.z', 'composite.b'], denied_node_type_ids: ['y'] },
          budgets: { max_steps: 100, max_cost: 3 },
          gates: { side_effect_class: 'irreversible' },
        },
      }),
    ]);
    const merged = {
      structural: { max_depth: 5, max_children_per_composite: 2 },
      candidates: { allowed_node_type_ids: ['atomic.a', 'composite.b'], denied_node_type_ids: ['x', 'y'] },
      budgets: { max_steps: 10, max_cost: 3 },
      gates: { side_effect_class: 'write' },
    };
    expect(inner?.extensions?.['jarvis.constraints']).toEqual(merged);
    const asksForMore = child('atomic.a', { constraints: { structural: { max_children_per_composite: 50 } } });
    const [leaf] = await created(bases[0], run, [asksForMore], inner!.node_run_id);
    expect(leaf?.extensions?.['jarvis.constraints']).toEqual(merged);
    await created(bases[0], run, [child()], inner!.node_run_id);
    await expectRefused(run, [child()], inner!.node_run_id, { limit: 2, actual: 3 });
    // The sibling has what the run has.
    const [sibling] = await created(bases[0], run, [child('atomic.c')]);
    expect(sibling?.extensions?.['jarvis.constraints']).toMatchObject({
      structural: { max_children_per_composite: 4 },
    });
  });

  it('candidate lists refuse a child at its creation, with everything beside it', async () => {
    const run = await startRun(bases[0], 'composite.plan', candidates({ allowed_node_type_ids: ['atomic.a'] }));
    await expectRefused(run, [child('atomic.a'), child('atomic.b')], run.root_node_run_id, {
      constraint: 'candidates.allowed_node_type_ids',
      node_type_id: 'atomic.b',
      reason: 'node_type_not_allowed',
    });
    await created(bases[0], run, [child('atomic.a')]);
    const denying = await startRun(bases[0], 'composite.plan', candidates({ denied_node_type_ids: ['atomic.b'] }));
    await expectRefused(denying, [child('atomic.b')], denying.root_node_run_id, {
      constraint: 'candidates.denied_node_type_ids',
      node_type_id: 'atomic.b',
      reason: 'node_type_denied',
    });
    const closed = await startRun(bases[0], 'composite.plan', candidates({ allowed_node_type_ids: [] }));
    await expectRefused(closed, [child('atomic.a')], closed.root_node_run_id, { reason: 'node_type_not_allowed' });
  });
});

describe('constraints at dispatch', () => {
  const cleanUp = new CleanUp();
  afterEach(() => cleanUp.run());

  const offered = [
    atomicType('atomic.reads', 'read'),
    atomicType('atomic.writes', 'write'),
    atomicType('atomic.deletes', 'irreversible'),
    atomicType('atomic.unknown'),
  ];

  /** A coordinator with an executor that offers these, and what it executed. */
  async function start(env: Record<string, string> = {}) {
    const database = await cleanUp.database();
    const executor = cleanUp.add(
      await startStubAtomicExecutor(offered, () => ({ state: 'succeeded', outputs: {} })),
      (peer) => peer.stop(),
    );
    const settings = { JARVIS_ATOMIC_EXECUTOR_URL: executor.url, ...env };
    const { url } = await cleanUp.coordinator(database, settings);
    return { database, executor, settings, url };
  }

  it('of the root the allow list is not asked, and the deny list is', async () => {
    const { url, executor } = await start();
    const free = await startRun(url, 'atomic.reads', candidates({ allowed_node_type_ids: ['atomic.other'] }));
    await untilRunEnds(url, free);
    expect((await runOf(url, free.run_id)).state).toBe('succeeded');
    const denied = await startRun(url, 'atomic.reads', candidates({ denied_node_type_ids: ['atomic.reads'] }));
    const events = await untilRunEnds(url, denied);
    expect(events.at(-1)?.data).toEqual({ state: 'failed', error_code: 'node_type_denied' });
    expect(errorOf(await nodeRun(url, denied.root_node_run_id))).toMatchObject({ code: 'node_type_denied' });
    expect(executor.executions).toHaveLength(1);
  });

  it.each([
    [{ denied_node_type_ids: ['atomic.reads'] }, 'node_type_denied'],
    [{ allowed_node_type_ids: ['atomic.other'] }, 'node_type_not_allowed'],
  ])('a child whose node type comes to forbid it with %j fails', async (lists, code) => {
    const { database, executor, settings, url } = await start(QUEUED);
    // Nobody has published it when it is created; when it is dispatched, by another coordinator, somebody has.
    const run = await startRun(url);
    const [late] = await created(url, run, [child('atomic.reads')]);
    const registry = cleanUp.add(
      await startStubRegistry([atomicType('atomic.reads', 'read', { constraints: { candidates: lists } })]),
      (peer) => peer.stop(),
    );
    const composite = cleanUp.add(await startScriptedCompositeExecutor({ behaviour: 'stall' }), (peer) => peer.close());
    await cleanUp.coordinator(database, {
      ...settings,
      JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'true',
      JARVIS_NODE_REGISTRY_URL: registry.url,
      JARVIS_COMPOSITE_EXECUTOR_URL: composite.url,
    });
    await until('the child has ended', async () => (await nodeRun(url, late!.node_run_id)).state !== 'queued');
    const ended = await nodeRun(url, late!.node_run_id);
    expect([ended.state, errorOf(ended)?.['code']]).toEqual(['failed', code]);
    expect((await runOf(url, run.run_id)).state).toBe('running');
    expect(executor.executions).toEqual([]);
  });

  it.each([
    ['read', ['atomic.reads']],
    ['write', ['atomic.reads', 'atomic.writes']],
    ['irreversible', ['atomic.reads', 'atomic.writes', 'atomic.deletes', 'atomic.unknown']],
  ])('gates.side_effect_class %s is the most that is executed', async (side_effect_class, executed) => {
    const { url, executor } = await start();
    for (const { node_type_id } of offered) {
      const run = await startRun(url, node_type_id, gates({ side_effect_class }));
      const events = await untilRunEnds(url, run);
      if (executed.includes(node_type_id)) expect(events.at(-1)?.data).toEqual({ state: 'succeeded' });
      else expect(events.at(-1)?.data).toEqual({ state: 'failed', error_code: 'side_effect_not_allowed' });
    }
    expect(executor.executions.map(({ node_type_ref }) => node_type_ref.node_type_id)).toEqual(executed);
  });

  it('a ceiling waits for the executor that knows the side effect', async () => {
    const { url, executor } = await start();
    await executor.stop();
    const run = await startRun(url, 'atomic.reads', gates({ side_effect_class: 'read' }));
    // Whoever asks for node types is refused now.
    await new Promise((settle) => setTimeout(settle, 300));
    expect(['queued', 'running']).toContain((await runOf(url, run.run_id)).state);
    await executor.start();
    expect((await untilRunEnds(url, run)).at(-1)?.data).toEqual({ state: 'succeeded' });
  });

  it('gates.require_approval parks: queued, decided once, not dispatched again, and canceled when asked', async () => {
    const { database, executor, settings, url } = await start();
    await cleanUp.coordinator(database, settings);
    const runs = await Promise.all(
      Array.from({ length: 30 }, () => startRun(url, 'atomic.reads', gates({ require_approval: true }))),
    );
    const decisions = async ({ run_id }: Run) =>
      (await eventsOf(`${url}/v1/runs/${run_id}/events`)).filter(
        ({ type, data }) => type === 'policy_decided' && data?.['action'] === 'node.run.execute',
      );
    for (const run of runs) await until('it is parked', async () => (await decisions(run)).length > 0);
    // What runs after everything parked has been looked at by both coordinators.
    for (let time = 0; time < 3; time += 1) await untilRunEnds(url, await startRun(url, 'atomic.reads'));
    for (const run of runs) {
      expect((await decisions(run)).map(({ data }) => data)).toMatchObject([
        { decision: 'require_approval', reason_code: 'approval_required' },
      ]);
      expect((await nodeRun(url, run.root_node_run_id)).state).toBe('queued');
      expect((await runOf(url, run.run_id)).state).toBe('queued');
    }
    expect(await database.query('select 1 from ready')).toEqual([]);
    expect(executor.executions).toHaveLength(3);
    const [first] = runs;
    await call('POST', `${url}/v1/runs/${first!.run_id}:cancel`);
    expect((await nodeRun(url, first!.root_node_run_id)).state).toBe('canceled');
  });
});
