import { NotSentError, wasNotSent } from '#clients';
import { AppError, AtomicExecutorApi } from '#contract';
import type { AtomicExecuteRequest, AtomicExecuteResult, NodeType, NodeTypeRef, RequestContext } from '#contract';
import { AtomicExecutors } from './atomic-executors.js';

const ref = (node_type_id: string, version = '1'): NodeTypeRef => ({ node_type_id, version });
const type = (id: string, version = '1', rest: Partial<NodeType> = {}): NodeType => ({
  ...ref(id, version),
  kind: 'atomic',
  ...rest,
});
const ctx: RequestContext = {
  principal: { subject: 'test' },
  trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: '00' },
  requestId: 'r',
  signal: new AbortController().signal,
};
const away = () => new AppError('atomic_executor_unavailable', { cause: new NotSentError('refused') });
const noAnswer = () => new AppError('atomic_executor_unavailable', { cause: new Error('timeout') });
const succeeded = (): Promise<Partial<AtomicExecuteResult>> => Promise.resolve({ state: 'succeeded' });

/** Counts what it is asked. A test may change how it answers. */
class FakeExecutor extends AtomicExecutorApi {
  listed = 0;
  signals: AbortSignal[] = [];
  executed: string[] = [];
  canceled: string[] = [];
  list: () => Promise<NodeType[] | undefined>;
  execute = succeeded;

  constructor(...offered: readonly NodeType[]) {
    super();
    this.list = () => Promise.resolve([...offered]);
  }

  async listNodeTypes({ signal }: RequestContext): Promise<NodeType[] | undefined> {
    this.listed += 1;
    this.signals.push(signal);
    await Promise.resolve();
    return this.list();
  }

  async executeAtomicNodeRun(_ctx: RequestContext, request: AtomicExecuteRequest): Promise<AtomicExecuteResult> {
    this.executed.push(request.node_run_id);
    return { node_run_id: request.node_run_id, state: 'succeeded', ...(await this.execute()) };
  }

  cancelAtomicNodeRun(_ctx: RequestContext, nodeRunId: string): Promise<void> {
    this.canceled.push(nodeRunId);
    return Promise.resolve();
  }

  ping(): Promise<void> {
    return Promise.resolve();
  }
}

/** Several executors, with a clock that stands still unless a test moves it. */
function together(...executors: FakeExecutor[]) {
  const clock = { now: 0 };
  let count = 0;
  const all = new AtomicExecutors(executors, () => clock.now);
  /** Executes the node type and tells which executor got it; what it rejects with where that is so. */
  const run = async (nodeType: NodeTypeRef, context = ctx): Promise<number | undefined> => {
    const node_run_id = `n${++count}`;
    await all
      .execute(context, { node_run_id, run_id: 'r', node_type_ref: nodeType, inputs: {} })
      .catch(() => undefined);
    const index = executors.findIndex(({ executed }) => executed.includes(node_run_id));
    return index === -1 ? undefined : index;
  };
  const runs = async (times: number, nodeType: NodeTypeRef) => {
    const got: (number | undefined)[] = [];
    for (let time = 0; time < times; time += 1) got.push(await run(nodeType));
    return got;
  };
  return { all, clock, run, runs };
}

describe('one executor', () => {
  it('is asked for its list once by all who miss, for no caller in particular, and at most once a second', async () => {
    const executor = new FakeExecutor(type('a'));
    const { all, clock } = together(executor);
    const caller = { ...ctx, signal: AbortSignal.abort() };
    await Promise.all(['a', 'b', 'c'].map((id) => all.find(caller, ref(id))));
    expect(executor.listed).toBe(1);
    expect(executor.signals[0]?.aborted).toBe(false);
    await all.find(ctx, ref('b'));
    expect(executor.listed).toBe(1);
    clock.now = 1_000;
    executor.list = () => Promise.resolve([type('b')]);
    expect(await all.find(ctx, ref('b'))).toEqual(type('b'));
    expect(executor.listed).toBe(2);
  });

  it('is asked again for a version that it did not list, and then what comes closest is taken', async () => {
    const executor = new FakeExecutor(type('a'));
    const { all, clock } = together(executor);
    expect(await all.find(ctx, ref('a', '2'))).toEqual(type('a'));
    clock.now = 1_000;
    executor.list = () => Promise.resolve([type('a', '2'), type('a')]);
    expect(await all.find(ctx, ref('a', '2'))).toEqual(type('a', '2'));
    expect(await all.find(ctx, ref('a', '1'))).toEqual(type('a'));
    expect(executor.listed).toBe(2);
  });

  it('does not tell of a version that it did not list while it is away', async () => {
    const executor = new FakeExecutor(type('a'));
    const { all, clock } = together(executor);
    await all.find(ctx, ref('a'));
    clock.now = 1_000;
    executor.list = () => Promise.reject(away());
    expect(await all.find(ctx, ref('a'))).toEqual(type('a'));
    await expect(all.find(ctx, ref('a', '2'))).rejects.toMatchObject({ code: 'atomic_executor_unavailable' });
  });

  it.each(['service_stopping', 'route_not_found'] as const)('that answers %s is away too', async (code) => {
    const executor = new FakeExecutor();
    executor.list = () => Promise.reject(new AppError(code));
    await expect(together(executor).all.find(ctx, ref('a'))).rejects.toMatchObject({
      code: 'atomic_executor_unavailable',
    });
  });

  it('gets everything, whatever it lists', async () => {
    const executor = new FakeExecutor(type('a'));
    executor.list = () => Promise.reject(away());
    expect(await together(executor).runs(2, ref('b'))).toEqual([0, 0]);
    expect(executor.listed).toBe(0);
  });
});

describe('of several executors', () => {
  it('the one that lists exactly the node type gets the node run', async () => {
    const { run } = together(
      new FakeExecutor(type('a')),
      new FakeExecutor(type('b'), type('a', '2')),
      new FakeExecutor(),
    );
    expect([await run(ref('b')), await run(ref('a')), await run(ref('a', '2'))]).toEqual([1, 0, 1]);
  });

  it('those that list it take turns, also when node runs come at once', async () => {
    const lists = [new FakeExecutor(type('a')), new FakeExecutor(), new FakeExecutor(type('a'))];
    const { all, run, runs } = together(...lists);
    await all.find(ctx, ref('unknown'));
    expect(await runs(5, ref('a'))).toEqual([0, 2, 0, 2, 0]);
    const together10 = await Promise.all(Array.from({ length: 10 }, () => run(ref('a'))));
    expect(together10.filter((index) => index === 2)).toHaveLength(5);
  });

  it('one that is away hides neither the others nor what it listed before', async () => {
    const [first, second] = [new FakeExecutor(type('a')), new FakeExecutor(type('b'))];
    const { all, clock, run } = together(first, second);
    await all.find(ctx, ref('unknown'));
    clock.now = 5_000;
    first.list = () => Promise.reject(away());
    first.execute = () => Promise.reject(away());
    expect(await all.find(ctx, ref('a'))).toEqual(type('a'));
    expect(await all.find(ctx, ref('b'))).toEqual(type('b'));
    expect([await run(ref('a')), await run(ref('b'))]).toEqual([0, 1]);
  });

  it('one whose list does not come is not waited for where another has the node type', async () => {
    const hanging = new FakeExecutor();
    hanging.list = () => new Promise(() => undefined);
    const { all, run } = together(hanging, new FakeExecutor(type('b')));
    expect(await all.find(ctx, ref('b'))).toEqual(type('b'));
    expect(await run(ref('b'))).toBe(1);
  });

  it('nothing is sent, and that is said, while one that is away may be the only one that has the node type', async () => {
    const first = new FakeExecutor();
    first.list = () => Promise.reject(noAnswer());
    const second = new FakeExecutor(type('b'));
    const { all, run } = together(first, second);
    await expect(all.find(ctx, ref('a'))).rejects.toMatchObject({ code: 'atomic_executor_unavailable' });
    const request = { node_run_id: 'n', run_id: 'r', node_type_ref: ref('a'), inputs: {} };
    const error: unknown = await all.execute(ctx, request).catch((thrown: unknown) => thrown);
    expect([(error as AppError).code, wasNotSent(error)]).toEqual(['atomic_executor_unavailable', true]);
    expect([first.executed, second.executed]).toEqual([[], []]);
    first.list = () => Promise.resolve([type('a')]);
    expect(await run(ref('a'))).toBe(0);
  });

  it('one that lists another version gets what nobody has, to say so', async () => {
    const { all, run } = together(new FakeExecutor(), new FakeExecutor(type('a', '2')));
    expect(await all.find(ctx, ref('a'))).toEqual(type('a', '2'));
    expect(await run(ref('a'))).toBe(1);
  });

  it('one without a list gets what no other lists', async () => {
    const unlisted = new FakeExecutor();
    unlisted.list = () => Promise.resolve(undefined);
    const { all, run } = together(new FakeExecutor(type('a')), unlisted);
    expect(all.mayRunUnlisted).toBe(false);
    expect(await all.find(ctx, ref('b'))).toBeUndefined();
    expect(all.mayRunUnlisted).toBe(true);
    expect([await run(ref('b')), await run(ref('a')), await run(ref('a'))]).toEqual([1, 0, 0]);
  });

  it('any gets what none lists', async () => {
    const { all, run } = together(new FakeExecutor(type('a')), new FakeExecutor(type('b')));
    expect(await all.find(ctx, ref('c'))).toBeUndefined();
    expect(await run(ref('c'))).toBe(0);
  });

  it.each([
    ['had no room', 'execution_overloaded'],
    ['is stopping', 'service_stopping'],
  ] as const)('one that %s just now comes after the others, for a second', async (_, code) => {
    const [first, second] = [new FakeExecutor(type('a')), new FakeExecutor(type('a'))];
    const { all, clock, runs } = together(first, second);
    await all.find(ctx, ref('unknown'));
    first.execute = () => Promise.reject(new AppError(code));
    expect(await runs(4, ref('a'))).toEqual([0, 1, 1, 1]);
    first.execute = succeeded;
    clock.now = 1_000;
    expect(await runs(4, ref('a'))).toEqual([0, 1, 0, 1]);
    second.execute = first.execute = () => Promise.reject(new AppError(code));
    expect(await runs(4, ref('a'))).toEqual([0, 1, 0, 1]);
  });

  it.each([
    ['refused the connection', away],
    ['did not answer', noAnswer],
  ])('one that %s comes after the others until it gives its list', async (_, error) => {
    const [first, second] = [new FakeExecutor(type('a')), new FakeExecutor(type('a'))];
    const { all, clock, run, runs } = together(first, second);
    await all.find(ctx, ref('unknown'));
    first.list = () => Promise.reject(error());
    first.execute = () => Promise.reject(error());
    expect(await runs(3, ref('a'))).toEqual([0, 1, 1]);
    for (clock.now = 1_000; clock.now < 60_000; clock.now += 5_000) {
      expect(await run(ref('a'))).toBe(1);
      await new Promise(setImmediate);
    }
    first.list = () => Promise.resolve([type('a')]);
    first.execute = succeeded;
    // This one makes it look; what follows knows.
    expect(await run(ref('a'))).toBe(1);
    await new Promise(setImmediate);
    expect(await runs(3, ref('a'))).toEqual([0, 1, 0]);
  });

  it('a call that was given up says nothing of its executor', async () => {
    const [first, second] = [new FakeExecutor(type('a')), new FakeExecutor(type('a'))];
    const { all, run } = together(first, second);
    await all.find(ctx, ref('unknown'));
    first.execute = () => Promise.reject(noAnswer());
    expect(await run(ref('a'), { ...ctx, signal: AbortSignal.abort() })).toBe(0);
    expect([await run(ref('a')), await run(ref('a'))]).toEqual([1, 0]);
  });

  it('a list is had again when it is old, and when its executor does not know what it listed', async () => {
    const [first, second] = [new FakeExecutor(type('a')), new FakeExecutor(type('b'))];
    const { all, clock, run, runs } = together(first, second);
    await all.find(ctx, ref('unknown'));
    second.list = () => Promise.resolve([type('a')]);
    clock.now = 30_001;
    expect(await run(ref('a'))).toBe(0);
    await new Promise(setImmediate);
    expect(await runs(2, ref('a'))).toEqual([1, 0]);
    clock.now = 32_000;
    const error = { code: 'unknown_node_type', message: 'It is not there.', retryable: false };
    second.execute = () => Promise.resolve({ state: 'failed', error });
    second.list = () => Promise.resolve([]);
    expect(await run(ref('a'))).toBe(1);
    await new Promise(setImmediate);
    expect(await runs(2, ref('a'))).toEqual([0, 0]);
  });
});

describe('a cancel', () => {
  const request = (node_run_id: string) => ({ node_run_id, run_id: 'r', node_type_ref: ref('a'), inputs: {} });

  it('goes to the executor that has the node run, also after its call was given up', async () => {
    const [first, second] = [new FakeExecutor(type('a')), new FakeExecutor(type('b'))];
    const { all } = together(first, second);
    let giveUp: (error: Error) => void = () => undefined;
    first.execute = () => new Promise((_, reject) => (giveUp = reject));
    const execution = all.execute(ctx, request('n')).catch(() => undefined);
    while (first.executed.length === 0) await new Promise(setImmediate);
    giveUp(noAnswer());
    await execution;
    await all.cancel(ctx, 'n');
    expect([first.canceled, second.canceled]).toEqual([['n'], []]);
  });

  it('goes to all that may still be at work', async () => {
    const [first, second, third] = [new FakeExecutor(type('a')), new FakeExecutor(type('a')), new FakeExecutor()];
    const { all } = together(first, second, third);
    await all.find(ctx, ref('unknown'));
    first.execute = second.execute = () => Promise.reject(noAnswer());
    for (let time = 0; time < 2; time += 1) await all.execute(ctx, request('n')).catch(() => undefined);
    await all.cancel(ctx, 'n');
    expect([first.canceled, second.canceled, third.canceled]).toEqual([['n'], ['n'], []]);
  });

  it('goes to all when nothing is known, or nothing was sent, and is not heard unless all have', async () => {
    const [first, second] = [new FakeExecutor(type('a')), new FakeExecutor(type('b'))];
    const { all } = together(first, second);
    first.execute = () => Promise.reject(away());
    await all.execute(ctx, request('n')).catch(() => undefined);
    await all.cancel(ctx, 'n');
    expect([first.canceled, second.canceled]).toEqual([['n'], ['n']]);
    first.cancelAtomicNodeRun = () => Promise.reject(away());
    await expect(all.cancel(ctx, 'm')).rejects.toMatchObject({ code: 'atomic_executor_unavailable' });
    expect(second.canceled).toEqual(['n', 'm']);
  });
});
