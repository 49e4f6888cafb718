import type { Run, RunEvent } from '#contract';
import { startScriptedCompositeExecutor } from '#testing';
import type { TestDatabase } from '#testing';
import { until } from '../chaos/settling.js';
import {
  child,
  CleanUp,
  created,
  errorOf,
  nodeRun,
  runOf,
  startCoordinator,
  startRun,
  untilRunEnds,
} from './coordinators.js';
import { call } from './http.js';
import { atomicType, startStubAtomicExecutor } from './stub-peers.js';
import type { StubAtomicExecutor, StubExecution } from './stub-peers.js';

const QUEUED = { JARVIS_RUN_COORDINATOR_AUTO_DISPATCH: 'false' };
const budgets = (limits: object) => ({ constraints: { budgets: limits } });
const usage = (spent: object) => ({ extensions: { 'jarvis.usage': spent } });

const cleanUp = new CleanUp();
let database: TestDatabase;
beforeEach(async () => {
  database = await cleanUp.database();
});
afterEach(() => cleanUp.run());

async function startExecutor(execute: () => StubExecution): Promise<StubAtomicExecutor> {
  return cleanUp.add(await startStubAtomicExecutor([atomicType('atomic.a', 'read')], execute), (peer) => peer.stop());
}

/** A coordinator that dispatches to an executor. */
async function start(execute: () => StubExecution, rest: Record<string, string> = {}) {
  const executor = await startExecutor(execute);
  const { url } = await cleanUp.coordinator(database, { JARVIS_ATOMIC_EXECUTOR_URL: executor.url, ...rest });
  return { executor, url };
}

/** A run whose composite root was accepted. */
async function composite(url: string, rest: object): Promise<Run> {
  const run = await startRun(url, 'composite.plan', rest);
  await until('the root is taken', async () => (await nodeRun(url, run.root_node_run_id)).state === 'running');
  return run;
}

/** A composite executor that accepts everything and does nothing: this test does its work. */
async function startWithComposite(execute: () => StubExecution) {
  const peer = cleanUp.add(await startScriptedCompositeExecutor({ behaviour: 'stall' }), (one) => one.close());
  return { ...(await start(execute, { JARVIS_COMPOSITE_EXECUTOR_URL: peer.url })), peer };
}

async function expectOverBudget(
  url: string,
  run: Run,
  budget: string,
  limit: number,
  used: unknown = expect.any(Number),
): Promise<RunEvent[]> {
  const events = await untilRunEnds(url, run);
  expect(events.at(-1)).toMatchObject({
    type: 'run_completed',
    data: { state: 'failed', error_code: 'budget_exceeded' },
  });
  expect((await runOf(url, run.run_id)).state).toBe('failed');
  const root = await nodeRun(url, run.root_node_run_id);
  expect(root.state).toBe('failed');
  expect(errorOf(root)).toMatchObject({ code: 'budget_exceeded', retryable: false, details: { budget, limit, used } });
  return events;
}

/** Nothing is left that could still do something for a run. */
async function expectNothingWaits(): Promise<void> {
  for (const table of ['ready', 'leases', 'timers']) {
    const left = () => database.query(`select * from ${table}`);
    await until(`${table} is empty`, async () => (await left()).length === 0);
  }
}

describe('max_steps', () => {
  it('the step that would be one too many is not executed: the run fails, and what is open is canceled', async () => {
    const { url, executor, peer } = await startWithComposite(() => ({ state: 'succeeded', outputs: {} }));
    const run = await composite(url, budgets({ max_steps: 3 }));
    const [first] = await created(url, run, [child()]);
    await until('it has ended', async () => (await nodeRun(url, first!.node_run_id)).state === 'succeeded');
    const [second] = await created(url, run, [child()]);
    await until('it has ended', async () => (await nodeRun(url, second!.node_run_id)).state === 'succeeded');
    const [third, fourth] = await created(url, run, [child(), child()]);
    const events = await expectOverBudget(url, run, 'max_steps', 3, 4);
    expect(
      events.filter(({ type, data }) => type === 'node_evaluated' && data?.['details'] !== undefined),
    ).toMatchObject([
      {
        node_run_id: run.root_node_run_id,
        data: { status: 'fail', reason_code: 'budget_exceeded', details: { budget: 'max_steps', limit: 3, used: 4 } },
      },
    ]);
    for (const { node_run_id } of [third!, fourth!]) expect((await nodeRun(url, node_run_id)).state).toBe('canceled');
    expect(executor.executions).toHaveLength(2);
    // The composite executor was at work on the root, and is told.
    await until('the cancel is heard', () => peer.cancels.includes(run.root_node_run_id));
    await expectNothingWaits();
  });

  it('of 0 lets nothing begin, and of 1 a single atomic root', async () => {
    const { url, executor } = await start(() => ({ state: 'succeeded', outputs: {} }));
    await expectOverBudget(url, await startRun(url, 'atomic.a', budgets({ max_steps: 0 })), 'max_steps', 0, 1);
    expect(executor.executions).toEqual([]);
    const run = await startRun(url, 'atomic.a', budgets({ max_steps: 1 }));
    expect((await untilRunEnds(url, run)).at(-1)?.data).toEqual({ state: 'succeeded' });
    await expectNothingWaits();
  });

  it('does not count executions that never reached their executor', async () => {
    const { url, executor } = await start(() => ({ state: 'succeeded', outputs: {} }));
    await untilRunEnds(url, await startRun(url, 'atomic.a'));
    await executor.stop();
    const run = await startRun(url, 'atomic.a', budgets({ max_steps: 1 }));
    const tried = async () => {
      const [row] = await database.query<{ attempts: number; unsent: number }>(
        'select attempts, unsent from node_runs where run_id = $1',
        [run.run_id],
      );
      return row;
    };
    await until('it was tried twice', async () => ((await tried())?.unsent ?? 0) >= 2);
    await executor.start();
    expect((await untilRunEnds(url, run)).at(-1)?.data).toEqual({ state: 'succeeded' });
    expect((await tried())?.attempts).toBe(1);
  });
});

describe('max_external_calls and max_cost', () => {
  const spending: [string, object, number, number][] = [
    ['max_external_calls', { external_calls: 3 }, 5, 6],
    ['max_cost', { cost: 0.75 }, 1, 1.5],
  ];

  it.each(spending)('%s: results report what they spent, and the one that breaks it fails the run', async (...row) => {
    const [budget, spent, limit, used] = row;
    const { url, executor } = await startWithComposite(() => ({
      state: 'succeeded',
      outputs: { a: 1 },
      ...usage(spent),
    }));
    const run = await composite(url, budgets({ [budget]: limit }));
    const [first] = await created(url, run, [child()]);
    await until('it has ended', async () => (await nodeRun(url, first!.node_run_id)).state === 'succeeded');
    expect((await runOf(url, run.run_id)).state).toBe('running');
    const [second] = await created(url, run, [child()]);
    await expectOverBudget(url, run, budget, limit, used);
    // What was returned is kept.
    expect(await nodeRun(url, second!.node_run_id)).toMatchObject({ state: 'succeeded', outputs: { a: 1 } });
    expect(executor.executions).toHaveLength(2);
    await expectNothingWaits();
  });

  it.each(spending)('%s: a completion reports too, of a child and of the root', async (...row) => {
    const [budget, spent, limit, used] = row;
    const { url } = await cleanUp.coordinator(database, QUEUED);
    const complete = (id: string, extra: object = usage(spent)) =>
      call('POST', `${url}/v1/node-runs/${id}:complete`, { state: 'succeeded', outputs: { a: 1 }, ...extra });
    const run = await startRun(url, 'composite.plan', budgets({ [budget]: limit }));
    const [first, second, third] = await created(url, run, [child(), child(), child()]);
    expect((await complete(first!.node_run_id)).status).toBe(204);
    // Reported twice, spent once.
    expect((await complete(first!.node_run_id)).status).toBe(204);
    expect((await runOf(url, run.run_id)).state).toBe('queued');
    expect((await complete(second!.node_run_id)).status).toBe(204);
    await expectOverBudget(url, run, budget, limit, used);
    expect((await nodeRun(url, third!.node_run_id)).state).toBe('canceled');

    const other = await startRun(url, 'composite.plan', budgets({ [budget]: limit }));
    const [only] = await created(url, other, [child()]);
    await complete(only!.node_run_id);
    expect((await complete(other.root_node_run_id)).status).toBe(204);
    await expectOverBudget(url, other, budget, limit, used);
    expect((await nodeRun(url, other.root_node_run_id)).outputs).toEqual({ a: 1 });
    // The executor did not hear the answer and says the same again.
    expect((await complete(other.root_node_run_id)).status).toBe(204);
    expect((await complete(other.root_node_run_id, {})).status).toBe(204);
    await expectNothingWaits();
  });

  it.each(spending)('%s: an atomic root that breaks it fails, with what it returned', async (...row) => {
    const [budget, spent] = row;
    const { url } = await start(() => ({ state: 'succeeded', outputs: { a: 1 }, ...usage(spent) }));
    const run = await startRun(url, 'atomic.a', budgets({ [budget]: 0 }));
    const events = await expectOverBudget(url, run, budget, 0);
    expect(events.filter(({ type }) => type === 'run_completed')).toHaveLength(1);
    expect((await nodeRun(url, run.root_node_run_id)).outputs).toEqual({ a: 1 });
    await expectNothingWaits();
  });

  it('a report that is no usage spends nothing', async () => {
    const { url } = await start(() => ({
      state: 'succeeded',
      outputs: {},
      ...usage({ external_calls: -1, cost: '9' }),
    }));
    const run = await startRun(url, 'atomic.a', budgets({ max_external_calls: 0, max_cost: 0 }));
    expect((await untilRunEnds(url, run)).at(-1)?.data).toEqual({ state: 'succeeded' });
  });
});

describe('max_wall_time_ms', () => {
  it('of a run fails it with everything in it, while its executor works', async () => {
    const { url, executor } = await start(() => 'hang');
    const run = await startRun(url, 'atomic.a', budgets({ max_wall_time_ms: 700 }));
    await expectOverBudget(url, run, 'max_wall_time_ms', 700);
    await until('the cancel is heard', () => executor.cancels.includes(run.root_node_run_id));
    await expectNothingWaits();
  });

  it('of 0 lets nothing begin, whether somebody dispatches or not', async () => {
    const { url, executor } = await start(() => ({ state: 'succeeded', outputs: {} }));
    const run = await startRun(url, 'atomic.a', budgets({ max_wall_time_ms: 0 }));
    await expectOverBudget(url, run, 'max_wall_time_ms', 0);
    expect(executor.executions).toEqual([]);
    await expectNothingWaits();
    const idle = await cleanUp.coordinator(await cleanUp.database(), QUEUED);
    const waiting = await startRun(idle.url, 'atomic.a', budgets({ max_wall_time_ms: 0 }));
    await expectOverBudget(idle.url, waiting, 'max_wall_time_ms', 0);
  });

  it('passes while no coordinator runs, and fires when one does again, before anything begins', async () => {
    const executor = await startExecutor(() => ({ state: 'succeeded', outputs: {} }));
    const settings = { JARVIS_ATOMIC_EXECUTOR_URL: executor.url };
    const first = await startCoordinator(database, { ...settings, ...QUEUED });
    const run = await startRun(first.url, 'composite.plan', budgets({ max_wall_time_ms: 600 }));
    const [inner] = await created(first.url, run, [child()]);
    await first.stop();
    const [deadline] = await database.query<{ due_at: Date }>('select due_at from timers');
    await until('the time is over', () => deadline!.due_at < new Date());
    const { url } = await cleanUp.coordinator(database, settings);
    await expectOverBudget(url, run, 'max_wall_time_ms', 600);
    expect((await nodeRun(url, inner!.node_run_id)).state).toBe('canceled');
    expect(executor.executions).toEqual([]);
    await expectNothingWaits();
  });

  it.each([400, 0])('of %i of a child fails the child only', async (max_wall_time_ms) => {
    const { url, executor } = await startWithComposite(() => 'hang');
    const run = await composite(url, {});
    const [short, free] = await created(url, run, [
      child('atomic.a', { constraints: { budgets: { max_wall_time_ms } } }),
      child(),
    ]);
    await until('the child has ended', async () => (await nodeRun(url, short!.node_run_id)).state === 'failed');
    expect(errorOf(await nodeRun(url, short!.node_run_id))).toMatchObject({
      code: 'budget_exceeded',
      details: { budget: 'max_wall_time_ms', limit: max_wall_time_ms },
    });
    await until('the other runs', () =>
      executor.executions.some(({ node_run_id }) => node_run_id === free!.node_run_id),
    );
    expect((await nodeRun(url, free!.node_run_id)).state).toBe('running');
    expect((await runOf(url, run.run_id)).state).toBe('running');
    if (max_wall_time_ms > 0) await until('the cancel is heard', () => executor.cancels.includes(short!.node_run_id));
    else expect(executor.executions).toHaveLength(1);
    await call('POST', `${url}/v1/runs/${run.run_id}:cancel`);
    await expectNothingWaits();
  });

  it('of a run that ends in time leaves no timer', async () => {
    const { url } = await start(() => ({ state: 'succeeded', outputs: {} }));
    const run = await startRun(url, 'atomic.a', budgets({ max_wall_time_ms: 600_000 }));
    await untilRunEnds(url, run);
    const canceled = await startRun(url, 'atomic.a', {
      constraints: { budgets: { max_wall_time_ms: 600_000 }, gates: { require_approval: true } },
    });
    await call('POST', `${url}/v1/runs/${canceled.run_id}:cancel`);
    await expectNothingWaits();
  });
});
