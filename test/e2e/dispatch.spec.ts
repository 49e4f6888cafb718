import { setTimeout as sleep } from 'node:timers/promises';
import type { CompositeBeginRequest, NodeType, Run, RunEvent } from '#contract';
import { freePort, startScriptedCompositeExecutor } from '#testing';
import type { ScriptedCompositeExecutor, ScriptedCompositeExecutorOptions, TestDatabase } from '#testing';
import { until } from '../chaos/settling.js';
import {
  child,
  CleanUp,
  created,
  createChildren,
  errorOf,
  nodeRun,
  ref,
  runOf,
  startRun,
  untilRunEnds,
} from './coordinators.js';
import { call, eventsOf, refusal } from './http.js';
import { atomicType, startStubAtomicExecutor, startStubRegistry } from './stub-peers.js';
import type { StubAtomicExecutor, StubExecution, StubPeer } from './stub-peers.js';

const cleanUp = new CleanUp();
let database: TestDatabase;
beforeEach(async () => {
  database = await cleanUp.database();
});
afterEach(() => cleanUp.run());

const succeeded: StubExecution = { state: 'succeeded', outputs: { done: true } };
const failed = (retryable: boolean): StubExecution => ({
  state: 'failed',
  error: { code: 'tool_failed', message: 'It broke.', retryable },
});
const TYPES = [
  atomicType('atomic.reads', 'read'),
  atomicType('atomic.writes', 'write'),
  atomicType('atomic.deletes', 'irreversible'),
];

async function startExecutor(
  execute: Parameters<typeof startStubAtomicExecutor>[1] = () => succeeded,
  types: readonly NodeType[] = TYPES,
): Promise<StubAtomicExecutor> {
  return cleanUp.add(await startStubAtomicExecutor(types, execute), (peer) => peer.stop());
}

async function startComposite(options: ScriptedCompositeExecutorOptions = {}): Promise<ScriptedCompositeExecutor> {
  return cleanUp.add(await startScriptedCompositeExecutor(options), (peer) => peer.close());
}

async function startRegistry(types: readonly NodeType[]): Promise<StubPeer> {
  return cleanUp.add(await startStubRegistry(types), (peer) => peer.stop());
}

const atomicAt = ({ url }: { url: string }) => ({ JARVIS_ATOMIC_EXECUTOR_URL: url });
const compositeAt = ({ url }: { url: string }) => ({ JARVIS_COMPOSITE_EXECUTOR_URL: url });

/** How a run and its root ended, and what was said of it. */
async function endOf(url: string, run: Run) {
  const events = await untilRunEnds(url, run);
  const root = await nodeRun(url, run.root_node_run_id);
  return { events, root, state: (await runOf(url, run.run_id)).state, code: errorOf(root)?.['code'] };
}

function repetitions(events: readonly RunEvent[]): RunEvent[] {
  return events.filter(({ type }) => type === 'recovery_applied');
}

async function expectNothingWaits(): Promise<void> {
  for (const table of ['ready', 'leases', 'timers']) {
    await until(`${table} is empty`, async () => (await database.query(`select 1 from ${table}`)).length === 0);
  }
}

describe('a composite node run', () => {
  it('is handed over with all that its executor needs, and comes back with its children', async () => {
    const executor = await startExecutor(({ inputs }) => ({ state: 'succeeded', outputs: { echo: inputs } }));
    const composite = await startComposite({ childNodeTypeRef: ref('atomic.reads') });
    const { url } = await cleanUp.coordinator(database, { ...atomicAt(executor), ...compositeAt(composite) });
    const run_context = { tenant_id: 'acme', actor: { type: 'user', id: 'somebody' } };
    const constraints = { structural: { max_depth: 3 }, budgets: { max_steps: 9 } };
    const run = await startRun(url, 'composite.plan', { input: { goal: 'g' }, run_context, constraints });
    const { state, root, events } = await endOf(url, run);
    expect(state).toBe('succeeded');
    expect(root.outputs).toMatchObject({
      children: [
        { state: 'succeeded', outputs: { echo: { goal: 'g', step: 1 } } },
        { state: 'succeeded', outputs: { echo: { goal: 'g', step: 2 } } },
      ],
    });
    expect(composite.begins).toMatchObject([
      {
        node_run_id: run.root_node_run_id,
        run_id: run.run_id,
        node_type_ref: ref('composite.plan'),
        inputs: { goal: 'g' },
        run_context: { ...run_context, trace: { trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string } },
        constraints,
        coordinator_endpoint: url,
        assignment_token: expect.stringMatching(/^[^.]+\.[^.]+\.[^.]+$/) as string,
      } satisfies CompositeBeginRequest,
    ]);
    // The children have the context and the constraints too.
    for (const request of executor.executions) {
      expect(request).toMatchObject({ run_id: run.run_id, run_context, constraints });
    }
    expect(executor.executions).toHaveLength(2);
    expect(events.filter(({ type }) => type === 'atomic_executed')).toHaveLength(2);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    await expectNothingWaits();
  });

  it('reports with its own token only', async () => {
    const composite = await startComposite({ behaviour: 'stall' });
    const { url } = await cleanUp.coordinator(database, compositeAt(composite));
    const [run, other] = [await startRun(url), await startRun(url)];
    await until('both have begun', () => composite.begins.length === 2);
    const tokenOf = ({ run_id }: Run) =>
      composite.begins.find((begin) => begin.run_id === run_id)?.assignment_token ?? 'none';
    const complete = (token: string) =>
      call(
        'POST',
        `${url}/v1/node-runs/${run.root_node_run_id}:complete`,
        { state: 'succeeded' },
        { authorization: `Bearer ${token}` },
      );
    refusal(await complete(tokenOf(other)), 403, 'assignment_mismatch');
    const [head, payload, signature] = tokenOf(run).split('.');
    const turned = `${signature?.startsWith('A') === true ? 'B' : 'A'}${signature?.slice(1)}`;
    refusal(await complete([head, payload, turned].join('.')), 401, 'unauthorized');
    expect((await nodeRun(url, run.root_node_run_id)).ended_at).toBeUndefined();
    expect((await complete(tokenOf(run))).status).toBe(204);
    expect((await runOf(url, run.run_id)).state).toBe('succeeded');
  });

  it('that its executor does not accept fails with composite_rejected, at once', async () => {
    const composite = await startComposite({ behaviour: 'reject' });
    const { url } = await cleanUp.coordinator(database, compositeAt(composite));
    const { state, code, root } = await endOf(url, await startRun(url));
    expect([state, code]).toEqual(['failed', 'composite_rejected']);
    expect(errorOf(root)).toMatchObject({ message: 'The script says so.' });
    expect(composite.begins).toHaveLength(1);
    await expectNothingWaits();
  });

  it.each(['error', 'hang'] as const)('is begun again while its executor answers with: %s', async (behaviour) => {
    const composite = await startComposite({ behaviour });
    const { url } = await cleanUp.coordinator(database, {
      ...compositeAt(composite),
      JARVIS_RUN_COORDINATOR_UNAVAILABLE_ATTEMPTS: '3',
      JARVIS_COMPOSITE_EXECUTOR_TIMEOUT_MS: '1500',
    });
    const { state, code, events } = await endOf(url, await startRun(url));
    expect([state, code]).toEqual(['failed', 'composite_executor_unavailable']);
    expect(repetitions(events)).toHaveLength(2);
    expect(composite.begins).toHaveLength(3);
    await expectNothingWaits();
  });

  it('is begun when its executor comes up, and fails when it never does', async () => {
    const port = await freePort();
    const at = compositeAt({ url: `http://127.0.0.1:${port}` });
    const { url } = await cleanUp.coordinator(database, { ...at, JARVIS_RUN_COORDINATOR_UNAVAILABLE_ATTEMPTS: '2' });
    const { state, code, events } = await endOf(url, await startRun(url));
    expect([state, code]).toEqual(['failed', 'composite_executor_unavailable']);
    expect(repetitions(events)).toHaveLength(1);

    const patient = await cleanUp.coordinator(await cleanUp.database(), at);
    const run = await startRun(patient.url);
    const said = () => eventsOf(`${patient.url}/v1/runs/${run.run_id}/events`);
    await until('it was tried', async () => repetitions(await said()).length > 0);
    const composite = await startComposite({ port, children: 0 });
    expect((await endOf(patient.url, run)).state).toBe('succeeded');
    expect(composite.begins).toHaveLength(1);
  });

  it('that was accepted and never reported fails with timeout, and its executor is told', async () => {
    const composite = await startComposite({ behaviour: 'stall' });
    const { url } = await cleanUp.coordinator(database, {
      ...compositeAt(composite),
      JARVIS_COMPOSITE_NODE_RUN_TIMEOUT_MS: '1000',
    });
    const run = await startRun(url);
    const [below] = await created(url, run, [
      child('composite.b', { constraints: { gates: { require_approval: true } } }),
    ]);
    const { state, code } = await endOf(url, run);
    expect([state, code]).toEqual(['failed', 'timeout']);
    expect((await nodeRun(url, below!.node_run_id)).state).toBe('canceled');
    await until('the cancel is heard', () => composite.cancels.includes(run.root_node_run_id));
    await expectNothingWaits();
  });

  it.each([
    ['composite_executor_unconfigured', {}],
    [
      'coordinator_url_unconfigured',
      { JARVIS_COMPOSITE_EXECUTOR_URL: 'http://127.0.0.1:9', JARVIS_RUN_COORDINATOR_PUBLIC_URL: '' },
    ],
  ])('fails with %s where that is so', async (expected, env) => {
    const { url } = await cleanUp.coordinator(database, env);
    const { state, code } = await endOf(url, await startRun(url));
    expect([state, code]).toEqual(['failed', expected]);
  });
});

describe('an atomic node run', () => {
  it('that reads is repeated after a retryable failure, a few times', async () => {
    const executor = await startExecutor(() => failed(true));
    const { url } = await cleanUp.coordinator(database, {
      ...atomicAt(executor),
      JARVIS_RUN_COORDINATOR_MAX_ATTEMPTS: '3',
    });
    const run = await startRun(url, 'atomic.reads');
    const { state, root, events } = await endOf(url, run);
    expect(state).toBe('failed');
    expect(errorOf(root)).toMatchObject({ code: 'tool_failed', retryable: true });
    expect(executor.executions.map(({ node_run_id }) => node_run_id)).toEqual(Array(3).fill(run.root_node_run_id));
    expect(repetitions(events).map(({ data }) => data)).toEqual(
      Array(2).fill({ type: 'retry', target_node_run_id: run.root_node_run_id }),
    );
    expect(root.recovery_actions).toHaveLength(2);
    expect(root.evaluation_result).toMatchObject({ status: 'fail', reason_code: 'atomic_completed' });
    await expectNothingWaits();
  });

  it('that reads and succeeds the second time has succeeded', async () => {
    const executor = await startExecutor((_, again) => (again === 0 ? failed(true) : succeeded));
    const { url } = await cleanUp.coordinator(database, atomicAt(executor));
    const { state, root, events } = await endOf(url, await startRun(url, 'atomic.reads'));
    expect(state).toBe('succeeded');
    expect(root).toMatchObject({ outputs: { done: true }, evaluation_result: { status: 'success' } });
    expect(repetitions(events)).toHaveLength(1);
  });

  it.each([
    ['atomic.writes', true],
    ['atomic.deletes', true],
    ['atomic.reads', false],
  ])('%s, with a failure that is retryable: %s, is not repeated', async (id, retryable) => {
    const executor = await startExecutor(() => failed(retryable));
    const { url } = await cleanUp.coordinator(database, atomicAt(executor));
    const { code, events } = await endOf(url, await startRun(url, id));
    expect(code).toBe('tool_failed');
    expect(repetitions(events)).toEqual([]);
    expect(executor.executions).toHaveLength(1);
  });

  it('is repeated as the retry policy of its node type says, also when it writes', async () => {
    const executor = await startExecutor(() => failed(true));
    const registry = await startRegistry([
      atomicType('atomic.writes', 'write', {
        extensions: { 'jarvis.retry': { max_attempts: 4, initial_delay_ms: 5, multiplier: 1 } },
      }),
    ]);
    const { url } = await cleanUp.coordinator(database, {
      ...atomicAt(executor),
      JARVIS_NODE_REGISTRY_URL: registry.url,
      JARVIS_RUN_COORDINATOR_MAX_ATTEMPTS: '1',
    });
    const { code, events } = await endOf(url, await startRun(url, 'atomic.writes'));
    expect(code).toBe('tool_failed');
    expect(executor.executions).toHaveLength(4);
    expect(repetitions(events)).toHaveLength(3);
  });

  it.each(['atomic.reads', 'atomic.deletes'])('%s waits for an executor that refuses connections', async (id) => {
    const executor = await startExecutor();
    const { url } = await cleanUp.coordinator(database, atomicAt(executor));
    await executor.stop();
    const run = await startRun(url, id);
    const said = () => eventsOf(`${url}/v1/runs/${run.run_id}/events`);
    await until('it was tried', async () => repetitions(await said()).length > 0);
    await executor.start();
    expect((await endOf(url, run)).state).toBe('succeeded');
    expect(executor.executions).toHaveLength(1);
  });

  it('fails with atomic_executor_unavailable when its executor stays away', async () => {
    const executor = await startExecutor();
    await executor.stop();
    const env = { ...atomicAt(executor), JARVIS_RUN_COORDINATOR_UNAVAILABLE_ATTEMPTS: '2' };
    const { url } = await cleanUp.coordinator(database, env);
    expect((await endOf(url, await startRun(url, 'atomic.deletes'))).code).toBe('atomic_executor_unavailable');
    await expectNothingWaits();
  });

  it.each(['atomic.writes', 'atomic.deletes'])('%s whose executor dies in the middle is uncertain', async (id) => {
    const executor = await startExecutor(() => 'die');
    const { url } = await cleanUp.coordinator(database, atomicAt(executor));
    const { state, code, events } = await endOf(url, await startRun(url, id));
    expect([state, code]).toEqual(['failed', 'execution_uncertain']);
    expect(repetitions(events)).toEqual([]);
    expect(executor.executions).toHaveLength(1);
    await expectNothingWaits();
  });

  it('that reads is repeated when its executor dies in the middle, or is silent for too long', async () => {
    const executor = await startExecutor((_, again) => (['die', 'hang', succeeded] as const)[again] ?? succeeded);
    const { url } = await cleanUp.coordinator(database, {
      ...atomicAt(executor),
      JARVIS_ATOMIC_EXECUTOR_TIMEOUT_MS: '1500',
    });
    const { state, events } = await endOf(url, await startRun(url, 'atomic.reads'));
    expect(state).toBe('succeeded');
    expect(executor.executions).toHaveLength(3);
    expect(repetitions(events)).toHaveLength(2);
  });

  it('is waited for as long as its node type may take, whatever the setting', async () => {
    const types = ['read', 'irreversible'] as const;
    const executor = await startExecutor(
      () => sleep(3_000).then(() => succeeded),
      types.map((effect) => atomicType(`atomic.${effect}`, effect, { extensions: { 'jarvis.timeout_ms': 60_000 } })),
    );
    const { url } = await cleanUp.coordinator(database, {
      ...atomicAt(executor),
      JARVIS_ATOMIC_EXECUTOR_TIMEOUT_MS: '1500',
    });
    for (const effect of types) {
      const { state, events } = await endOf(url, await startRun(url, `atomic.${effect}`));
      expect([state, repetitions(events)]).toEqual(['succeeded', []]);
    }
    expect(executor.executions).toHaveLength(2);
  });

  it.each([
    ['atomic.reads', 409, 'node_run_id_reused'],
    ['atomic.deletes', 409, 'node_run_id_reused'],
    ['atomic.reads', 413, 'payload_too_large'],
  ])('%s that its executor refuses with %d %s has failed for good', async (id, status, code) => {
    const executor = await startExecutor(() => ({ status, code, message: 'Not this one.' }));
    const { url } = await cleanUp.coordinator(database, atomicAt(executor));
    const { state, root, events } = await endOf(url, await startRun(url, id));
    expect(state).toBe('failed');
    expect(errorOf(root)).toEqual({
      code,
      message: `The atomic executor refused the node run (${status} ${code}): Not this one.`,
      retryable: false,
    });
    expect(repetitions(events)).toEqual([]);
    expect(events.filter(({ type }) => type === 'atomic_executed')).toEqual([]);
    expect(executor.executions).toHaveLength(1);
    await expectNothingWaits();
  });

  it('fails with atomic_executor_unconfigured where there is none', async () => {
    const { url } = await cleanUp.coordinator(database);
    expect((await endOf(url, await startRun(url, 'atomic.reads'))).code).toBe('atomic_executor_unconfigured');
  });
});

describe('a cancel while an atomic node run is executed', () => {
  it.each(['its own', 'another'])('is heard by the executor, through %s coordinator', async (whose) => {
    const executor = await startExecutor(() => 'hang');
    // What the executor does not answer is given up when the test ends.
    const { url } = await cleanUp.coordinator(database, { ...atomicAt(executor), ARP_SHUTDOWN_GRACE_MS: '100' });
    const asked = whose === 'another' ? (await cleanUp.coordinator(database, atomicAt(executor))).url : url;
    const run = await startRun(url, 'atomic.deletes');
    await until('it is executed', () => executor.executions.length === 1);
    expect((await call<Run>('POST', `${asked}/v1/runs/${run.run_id}:cancel`)).body.state).toBe('canceled');
    await until('the cancel is heard', () => executor.cancels.length > 0);
    expect(executor.cancels).toEqual([run.root_node_run_id]);
    expect((await endOf(url, run)).state).toBe('canceled');
    await expectNothingWaits();
  });

  it('is told later when the executor is away, also by another coordinator', async () => {
    const executor = await startExecutor(() => 'hang');
    const first = await cleanUp.coordinator(database, atomicAt(executor));
    const run = await startRun(first.url, 'atomic.deletes');
    await until('it is executed', () => executor.executions.length === 1);
    // Its call stays open, or the execution would be uncertain before it is canceled.
    executor.refuse();
    await call('POST', `${first.url}/v1/runs/${run.run_id}:cancel`);
    await executor.stop();
    const notices = () =>
      database.query<{ attempts: number }>(`select attempts from timers where kind = 'cancel_notice'`);
    await until('it was tried in vain', async () => ((await notices())[0]?.attempts ?? 0) > 0);
    expect(executor.cancels).toEqual([]);
    await executor.start();
    await cleanUp.coordinator(database, atomicAt(executor));
    await until('the cancel is heard', () => executor.cancels.includes(run.root_node_run_id));
    await expectNothingWaits();
  });
});

describe('a node registry', () => {
  const constraints = { structural: { max_children_per_composite: 1 }, budgets: { max_steps: 5 } };

  it('narrows what its node types may do, of the root and of children', async () => {
    const registry = await startRegistry([
      { ...ref('plans'), kind: 'composite', constraints },
      atomicType('reads', 'read', { constraints: { budgets: { max_steps: 2, max_cost: 7 } } }),
    ]);
    const { url } = await cleanUp.coordinator(database, {
      JARVIS_NODE_REGISTRY_URL: registry.url,
      JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false',
    });
    const run = await startRun(url, 'plans', { constraints: { structural: { max_children_per_composite: 8 } } });
    const root = await nodeRun(url, run.root_node_run_id);
    expect([root.kind, root.extensions?.['jarvis.constraints']]).toEqual(['composite', constraints]);
    const [one] = await created(url, run, [
      child('reads', { constraints: { budgets: { max_steps: 99, max_cost: 3 } } }),
    ]);
    expect(one).toMatchObject({
      kind: 'atomic',
      extensions: {
        'jarvis.constraints': {
          structural: { max_children_per_composite: 1 },
          budgets: { max_steps: 2, max_cost: 3 },
        },
      },
    });
    refusal(await createChildren(url, run, [child('reads')]), 409, 'constraint_violation');
  });

  it('that is down lets nothing be started or created, and nothing be written', async () => {
    const registry = await startRegistry([{ ...ref('plans'), kind: 'composite' }]);
    const { url } = await cleanUp.coordinator(database, {
      JARVIS_NODE_REGISTRY_URL: registry.url,
      JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false',
    });
    const run = await startRun(url, 'plans');
    await registry.stop();
    const counts = () =>
      database.query(
        `select (select count(*)::int from runs) as runs, (select count(*)::int from node_runs) as node_runs,
                (select count(*)::int from run_events) as events, (select count(*)::int from ready) as ready`,
      );
    const before = await counts();
    const start = { root_node_type_ref: ref('other'), input: {} };
    expect(refusal(await call('POST', `${url}/v1/runs`, start), 502, 'node_registry_unavailable').retryable).toBe(true);
    refusal(await createChildren(url, run, [child('plans'), child('other')]), 502, 'node_registry_unavailable');
    expect(await counts()).toEqual(before);
    await registry.start();
    await created(url, run, [child('plans'), child('other')]);
  });

  it('that is down holds up what is queued and fails nothing', async () => {
    const executor = await startExecutor(() => succeeded, []);
    const registry = await startRegistry([atomicType('reads', 'read')]);
    const queued = await cleanUp.coordinator(database, { JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false' });
    const run = await startRun(queued.url, 'reads');
    await registry.stop();
    const { url } = await cleanUp.coordinator(database, {
      ...atomicAt(executor),
      JARVIS_NODE_REGISTRY_URL: registry.url,
    });
    await new Promise((settle) => setTimeout(settle, 500));
    expect((await runOf(url, run.run_id)).state).toBe('queued');
    await registry.start();
    expect((await endOf(url, run)).state).toBe('succeeded');
  });
});

describe('turns', () => {
  it('with room for one execution, a tenant with one run is not behind all of another', async () => {
    const executor = await startExecutor();
    const queued = await cleanUp.coordinator(database, { JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false' });
    const start = (tenant_id: string) => startRun(queued.url, 'atomic.reads', { run_context: { tenant_id } });
    await Promise.all(Array.from({ length: 50 }, () => start('many')));
    const run = await start('one');
    const { url } = await cleanUp.coordinator(database, {
      ...atomicAt(executor),
      JARVIS_RUN_COORDINATOR_MAX_IN_FLIGHT: '1',
    });
    await untilRunEnds(url, run);
    const order = () => executor.executions.map(({ run_context }) => run_context?.tenant_id);
    // At most those that were taken before anything of it was seen.
    expect(order().indexOf('one')).toBeLessThan(10);
    await until('all were executed', () => executor.executions.length === 51);
    expect(order().filter((tenant) => tenant === 'many')).toHaveLength(50);
  });

  it('one that starts while fifty wait in the same process is among the next', async () => {
    let open: () => void = () => undefined;
    const opened = new Promise<void>((settle) => {
      open = settle;
    });
    const executor = await startExecutor(async () => {
      await opened;
      return succeeded;
    });
    const { url } = await cleanUp.coordinator(database, {
      ...atomicAt(executor),
      JARVIS_RUN_COORDINATOR_MAX_IN_FLIGHT: '1',
    });
    const start = (tenant_id: string) => startRun(url, 'atomic.reads', { run_context: { tenant_id } });
    const many = await Promise.all(Array.from({ length: 50 }, () => start('many')));
    const run = await start('one');
    await until('the first is executed', () => executor.executions.length === 1);
    open();
    for (const one of [run, ...many]) await untilRunEnds(url, one);
    const order = executor.executions.map(({ run_context }) => run_context?.tenant_id);
    expect(order).toHaveLength(51);
    expect(order.indexOf('one')).toBeLessThan(10);
  });
});

describe('without auto-dispatch', () => {
  it('node runs stay queued until a coordinator comes that dispatches', async () => {
    const executor = await startExecutor();
    const idle = await cleanUp.coordinator(database, {
      ...atomicAt(executor),
      JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false',
    });
    const run = await startRun(idle.url, 'atomic.reads');
    await new Promise((settle) => setTimeout(settle, 500));
    expect((await nodeRun(idle.url, run.root_node_run_id)).state).toBe('queued');
    expect(executor.executions).toEqual([]);
    expect(await database.query('select run_id from ready')).toEqual([{ run_id: run.run_id }]);
    const { url } = await cleanUp.coordinator(database, atomicAt(executor));
    expect((await endOf(url, run)).state).toBe('succeeded');
  });
});

describe('sizes', () => {
  const LIMITS = { JARVIS_MAX_INPUTS_BYTES: '1024', JARVIS_MAX_OUTPUTS_BYTES: '2048' };
  /** An object whose JSON has this many bytes; its letters have two each. */
  const ofBytes = (bytes: number) => ({
    text: 'ä'.repeat(Math.floor((bytes - 11) / 2)) + 'a'.repeat((bytes - 11) % 2),
  });

  it('inputs that are too large are refused with their path, and nothing is written', async () => {
    const { url } = await cleanUp.coordinator(database, { ...LIMITS, JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false' });
    const start = (input: object) =>
      call('POST', `${url}/v1/runs`, { root_node_type_ref: ref('composite.plan'), input });
    expect(refusal(await start(ofBytes(1_025)), 413, 'payload_too_large').details).toMatchObject({
      issues: [{ path: 'input' }],
      size: 1_025,
      limit: 1_024,
    });
    expect(await database.query('select 1 from runs')).toEqual([]);
    expect((await start(ofBytes(1_024))).status).toBe(200);
    const run = await startRun(url);
    const specs = [child('atomic.a', { inputs: ofBytes(1_024) }), child('atomic.a', { inputs: ofBytes(1_025) })];
    expect(refusal(await createChildren(url, run, specs), 413, 'payload_too_large').details).toMatchObject({
      issues: [{ path: 'node_runs[1].inputs' }],
    });
    expect(await database.query('select 1 from node_runs where run_id = $1', [run.run_id])).toHaveLength(1);
    expect((await createChildren(url, run, specs.slice(0, 1))).status).toBe(200);
  });

  it('outputs of an executor that are too large fail the node run, without a repetition', async () => {
    const output_artifacts = [{ type: 'file', id: 'f1' }];
    const executor = await startExecutor(({ inputs }) => ({
      state: 'succeeded',
      outputs: ofBytes(Number(inputs['bytes'])),
      output_artifacts,
    }));
    const { url } = await cleanUp.coordinator(database, { ...LIMITS, ...atomicAt(executor) });
    const fits = await endOf(url, await startRun(url, 'atomic.reads', { input: { bytes: 2_048 } }));
    expect(fits.root).toMatchObject({ state: 'succeeded', outputs: ofBytes(2_048), output_artifacts });
    const large = await endOf(url, await startRun(url, 'atomic.reads', { input: { bytes: 2_049 } }));
    expect(large.state).toBe('failed');
    expect(errorOf(large.root)).toMatchObject({
      code: 'outputs_too_large',
      retryable: false,
      details: { size: 2_049, limit: 2_048 },
    });
    expect(large.root.outputs).toBeUndefined();
    // What is in an artifact was not too large.
    expect(large.root.output_artifacts).toEqual(output_artifacts);
    expect(executor.executions).toHaveLength(2);
  });

  it('a completion with outputs that are too large is refused, and can be reported again', async () => {
    const { url } = await cleanUp.coordinator(database, { ...LIMITS, JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false' });
    const run = await startRun(url);
    const complete = (bytes: number) =>
      call('POST', `${url}/v1/node-runs/${run.root_node_run_id}:complete`, {
        state: 'succeeded',
        outputs: ofBytes(bytes),
      });
    expect(refusal(await complete(2_049), 413, 'payload_too_large').details).toMatchObject({
      issues: [{ path: 'outputs' }],
      size: 2_049,
      limit: 2_048,
    });
    expect((await nodeRun(url, run.root_node_run_id)).state).toBe('queued');
    expect((await complete(2_048)).status).toBe(204);
    expect((await nodeRun(url, run.root_node_run_id)).outputs).toEqual(ofBytes(2_048));
  });
});
