import { AppError } from '#contract';
import type { AtomicExecutorApi, NodeRegistryApi, NodeType, NodeTypeRef, RequestContext } from '#contract';
import { AtomicExecutors } from '../atomic-executors/atomic-executors.js';
import { NodeTypesService } from './node-types.service.js';

const nothing = {
  kind: undefined,
  sideEffect: undefined,
  idempotent: false,
  retry: undefined,
  constraints: undefined,
  timeoutMs: undefined,
};

/** Counts what it is asked, and answers from a list that a test may change; undefined: it does not answer. */
class FakeExecutor {
  asked = 0;
  signals: AbortSignal[] = [];
  constructor(public offered: NodeType[] | undefined) {}

  async listNodeTypes(ctx: RequestContext): Promise<NodeType[]> {
    this.asked += 1;
    this.signals.push(ctx.signal);
    await Promise.resolve();
    if (this.offered === undefined) throw new AppError('atomic_executor_unavailable');
    return this.offered;
  }
}

class FakeRegistry {
  readonly asked: string[] = [];
  constructor(public published: NodeType[] | undefined) {}

  async getNodeType(_ctx: RequestContext, { node_type_id, version }: NodeTypeRef): Promise<NodeType | undefined> {
    this.asked.push(`${node_type_id}@${version}`);
    await Promise.resolve();
    if (this.published === undefined) throw new AppError('node_registry_unavailable');
    return this.published.find((one) => one.node_type_id === node_type_id && one.version === version);
  }
}

function service(executor?: FakeExecutor, registry?: FakeRegistry): NodeTypesService {
  const executors = executor === undefined ? [] : [executor as unknown as AtomicExecutorApi];
  return new NodeTypesService(new AtomicExecutors(executors), registry as NodeRegistryApi | undefined);
}
const ref = (node_type_id: string, version = '1'): NodeTypeRef => ({ node_type_id, version });
const type = (id: string, rest: Partial<NodeType> = {}): NodeType => ({ ...ref(id), kind: 'atomic', ...rest });
const withEffect = (id: string, effect: unknown) => type(id, { extensions: { 'jarvis.side_effect': effect } });
const ctx: RequestContext = {
  principal: { subject: 'test' },
  trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: '00' },
  requestId: 'r',
  signal: new AbortController().signal,
};

describe('the facts of a node type', () => {
  it('come from its fields and its extensions', async () => {
    const constraints = { gates: { require_approval: true } };
    const extensions = {
      'jarvis.side_effect': 'write',
      'jarvis.idempotent': true,
      'jarvis.retry': { max_attempts: 3 },
      'jarvis.timeout_ms': 1_500.5,
    };
    const registry = new FakeRegistry([type('x', { constraints, extensions })]);
    expect(await service(undefined, registry).describe(ctx, ref('x'))).toEqual({
      kind: 'atomic',
      sideEffect: 'write',
      idempotent: true,
      retry: { max_attempts: 3, initial_delay_ms: 1_000, multiplier: 2, max_delay_ms: 60_000 },
      constraints,
      timeoutMs: 1_500,
      policy: expect.objectContaining({ kind: 'atomic', side_effect: 'write' }),
    });
  });

  it.each([
    ['read', { sideEffect: 'read', idempotent: true }],
    ['write', { sideEffect: 'write', idempotent: false }],
    ['irreversible', { sideEffect: 'irreversible', idempotent: false }],
    ['none', { sideEffect: undefined, idempotent: false }],
    [null, { sideEffect: undefined, idempotent: false }],
  ])('with side effect %j', async (effect, facts) => {
    const registry = new FakeRegistry([withEffect('x', effect)]);
    expect(await service(undefined, registry).describe(ctx, ref('x'))).toMatchObject({
      ...nothing,
      kind: 'atomic',
      ...facts,
    });
  });

  it.each([0, -1, '5', null, Number.POSITIVE_INFINITY, 1e12])('a timeout of %j', async (timeout) => {
    const registry = new FakeRegistry([type('x', { extensions: { 'jarvis.timeout_ms': timeout } })]);
    const { timeoutMs } = await service(undefined, registry).describe(ctx, ref('x'));
    expect(timeoutMs).toBe(typeof timeout === 'number' && timeout > 1 ? 2_147_483_647 : undefined);
  });
});

describe('without a registry', () => {
  it('the catalogue tells, also the side effect of an id that has a prefix', async () => {
    const types = service(
      new FakeExecutor([withEffect('jarvis.core.echo', 'read'), withEffect('atomic.mail', 'irreversible')]),
    );
    expect(await types.describe(ctx, ref('jarvis.core.echo'))).toMatchObject({ kind: 'atomic', sideEffect: 'read' });
    expect(await types.describe(ctx, ref('atomic.mail'))).toMatchObject({ kind: 'atomic', sideEffect: 'irreversible' });
  });

  it.each([
    ['atomic.unknown', 'atomic'],
    ['composite.plan', 'composite'],
    ['jarvis.composite.planner.general', 'composite'],
    ['acme.math', undefined],
  ])('the prefix of %s tells %s when the catalogue does not', async (id, kind) => {
    for (const types of [service(new FakeExecutor([])), service()]) {
      expect(await types.describe(ctx, ref(id))).toMatchObject({ ...nothing, kind });
      expect((await types.describe(ctx, ref(id))).kind).toBe(kind);
    }
  });

  it('an executor that does not answer is an error where it alone could tell; the kind is told by a prefix', async () => {
    const executor = new FakeExecutor(undefined);
    const types = service(executor);
    for (const id of ['acme.math', 'atomic.mail']) {
      await expect(types.describe(ctx, ref(id))).rejects.toMatchObject({ code: 'atomic_executor_unavailable' });
    }
    await expect(types.describe(ctx, ref('acme.math'))).rejects.toMatchObject({ code: 'atomic_executor_unavailable' });
    expect((await types.describeNew(ctx, ref('acme.math'))).kind).toBeUndefined();
    expect((await types.describeNew(ctx, ref('atomic.mail'))).kind).toBe('atomic');
    executor.asked = 0;
    expect(await types.describe(ctx, ref('composite.plan'))).toMatchObject({ kind: 'composite' });
    expect(executor.asked).toBe(0);
  });
});

describe('with a registry', () => {
  it('the registry comes first, asked once for each version', async () => {
    const registry = new FakeRegistry([type('atomic.a', { kind: 'composite' }), type('b', { version: '2' })]);
    const executor = new FakeExecutor([type('atomic.a'), type('b')]);
    const types = service(executor, registry);
    const asked = ['atomic.a', 'atomic.a', 'b'].map((id) => types.describe(ctx, ref(id)));
    expect((await Promise.all(asked)).map(({ kind }) => kind)).toEqual(['composite', 'composite', 'atomic']);
    expect((await types.describe(ctx, ref('atomic.a'))).kind).toBe('composite');
    expect(registry.asked).toEqual(['atomic.a@1', 'b@1']);
    expect(executor.asked).toBe(1);
  });

  it('what it does not know is described by the catalogue, then by the prefix', async () => {
    const types = service(new FakeExecutor([withEffect('acme.math', 'read')]), new FakeRegistry([]));
    expect(await types.describe(ctx, ref('acme.math'))).toMatchObject({ kind: 'atomic', sideEffect: 'read' });
    expect(await types.describe(ctx, ref('composite.plan'))).toMatchObject({ ...nothing, kind: 'composite' });
    expect(await types.describe(ctx, ref('acme.other'))).toMatchObject(nothing);
  });

  it('a registry that does not answer is an error, whatever others could tell, and is asked again', async () => {
    const registry = new FakeRegistry(undefined);
    const types = service(new FakeExecutor([type('atomic.a')]), registry);
    await expect(types.describe(ctx, ref('atomic.a'))).rejects.toMatchObject({ code: 'node_registry_unavailable' });
    await expect(types.describeNew(ctx, ref('atomic.a'))).rejects.toMatchObject({ code: 'node_registry_unavailable' });
    registry.published = [type('atomic.a', { kind: 'composite' })];
    expect(await types.describe(ctx, ref('atomic.a'))).toMatchObject({ kind: 'composite' });
  });
});
