import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineNode, RetryableError, TerminalError } from '@arp-jarvis/node-pack-sdk';
import type { NodeContext } from '@arp-jarvis/node-pack-sdk';
import { readSettings } from '#config';
import type { AtomicNodeRun, NodeType, RequestContext } from '#contract';
import { AtomicExecuteResult } from '#contract';
import { listen } from '#http';
import { createAtomicExecutor } from '../../apps/atomic-executor/src/atomic-executor.app.js';
import type { AtomicExecutorApp } from '../../apps/atomic-executor/src/atomic-executor.app.js';
import { atomicExecutorSettings } from '../../apps/atomic-executor/src/atomic-executor.config.js';
import { call, conforming, refusal } from './http.js';

const CTX: RequestContext = {
  principal: { subject: 'test' },
  trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: '00' },
  requestId: 'r',
  signal: new AbortController().signal,
};
const OBJECT = { type: 'object', additionalProperties: true } as const;

/** Holds handlers until it is opened. */
class Gate {
  waiting = 0;
  entered: string[] = [];
  private open: () => void = () => undefined;
  private opened = new Promise<void>((settle) => (this.open = settle));

  async pass({ nodeRunId }: NodeContext): Promise<Record<string, unknown>> {
    this.entered.push(nodeRunId);
    this.waiting += 1;
    await this.opened;
    this.waiting -= 1;
    return {};
  }

  release(): void {
    this.open();
    this.opened = new Promise<void>((settle) => (this.open = settle));
  }
}

const QUIET = { ARP_AUTH_PROFILE: 'dev-insecure', LOG_LEVEL: 'silent' };

describe('an executor whose handlers are given by an application', () => {
  let folder: string;
  let executor: AtomicExecutorApp;
  let url: string;
  const gate = new Gate();
  let calls: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'arp-executor-'));
    const settings = {
      ...QUIET,
      JARVIS_MAX_CONCURRENCY: '2',
      JARVIS_MAX_QUEUED: '2',
      JARVIS_CANCEL_GRACE_MS: '50',
      JARVIS_ARTIFACTS_DIR: join(folder, 'artifacts'),
      JARVIS_MAX_ARTIFACT_BYTES: '2048',
      JARVIS_MAX_OUTPUTS_BYTES: '2048',
    };
    executor = await createAtomicExecutor(readSettings(atomicExecutorSettings, settings), {
      handlers: {
        'acme.plain': (inputs) => ({ got: inputs }),
        'acme.lib.gate': defineNode({
          id: 'acme.lib.gate',
          description: 'Waits until the test goes on.',
          input: OBJECT,
          output: OBJECT,
          run: (_, ctx) => gate.pass(ctx),
        }),
        'acme.lib.single': defineNode({
          id: 'acme.lib.single',
          description: 'One at a time.',
          input: OBJECT,
          output: OBJECT,
          maxConcurrency: 1,
          run: (_, ctx) => gate.pass(ctx),
        }),
        'acme.lib.count': (inputs, ctx) => {
          calls.push(ctx.nodeRunId);
          if (inputs['fail'] === 'retryable') throw new RetryableError('busy');
          if (inputs['fail'] === 'terminal') throw new TerminalError('no');
          return { n: calls.length };
        },
        'acme.lib.spend': (inputs, ctx) => {
          ctx.usage.addExternalCalls(2);
          ctx.usage.addCost(0.5);
          if (inputs['fail'] === true) throw new TerminalError('no');
          return { budgets: JSON.parse(JSON.stringify(ctx.budgets)) as object };
        },
        'acme.lib.keep': async (inputs, ctx) => {
          const ref = await ctx.artifacts.put(String(inputs['text']), { name: 'note.txt' });
          const back = Buffer.from(await ctx.artifacts.get(ref)).toString('utf8');
          return { back };
        },
        'acme.lib.large': () => ({ text: 'x'.repeat(4_096) }),
        'acme.lib.litter': async (_, ctx) => {
          for (;;) await ctx.artifacts.put('x', { name: 'litter' });
        },
        'acme.lib.named': async (_, ctx) => ({ ...(await ctx.artifacts.put('x', { name: 'n'.repeat(256) })) }),
        'acme.lib.trap': () => {
          throw Object.defineProperty(new Error('x'), 'kind', {
            get: () => {
              throw new Error('trap');
            },
          });
        },
        'acme.lib.forger': () => {
          throw Object.assign(new Error('x'), { kind: 'terminal', message: 42, details: { toJSON: () => 'text' } });
        },
        'acme.lib.strange': () => ({ n: 1n }),
        'acme.lib.slow': async (_, ctx) => {
          ctx.progress({ fraction: 0.25, message: 'a quarter' });
          return gate.pass(ctx);
        },
        'acme.lib.deaf': (_, ctx) => {
          void gate.pass(ctx);
          return new Promise(() => undefined);
        },
        'acme.lib.context': (_, ctx) => ({
          principal: { ...ctx.principal },
          traceId: ctx.trace?.traceId,
          ids: [ctx.runId, ctx.nodeRunId, ctx.nodeTypeId, ctx.nodeTypeVersion],
        }),
      },
    });
    url = await listen(executor, { host: '127.0.0.1', port: 0, portSetting: 'ARP_ATOMIC_EXECUTOR_PORT' });
  });
  beforeEach(() => {
    calls = [];
    gate.entered = [];
  });
  afterAll(async () => {
    gate.release();
    await executor.stop();
    await rm(folder, { recursive: true, force: true });
  });

  let count = 0;
  interface Request {
    readonly inputs?: object;
    readonly id?: string;
    readonly version?: string;
    readonly more?: object;
    readonly headers?: Record<string, string>;
  }
  const execute = (name: string, { inputs = {}, id, version, more, headers }: Request = {}) =>
    call(
      'POST',
      `${url}/v1/atomic-node-runs:execute`,
      {
        node_run_id: id ?? `n${(count += 1)}`,
        run_id: 'r',
        node_type_ref: { node_type_id: name, version: version ?? executor.service.version },
        inputs,
        ...more,
      },
      headers,
    );
  const result = async (name: string, request?: Request) =>
    conforming(AtomicExecuteResult, await execute(name, request));
  const cancel = async (id: string) => (await call('POST', `${url}/v1/atomic-node-runs/${id}:cancel`)).status;
  const atWork = async () => (await call<AtomicNodeRun[]>('GET', `${url}/v1/atomic-node-runs`)).body;
  const until = async (holds: () => Promise<boolean> | boolean) => {
    while (!(await holds())) await new Promise((settle) => setTimeout(settle, 5));
  };

  it('runs plain functions and nodes, and no pack', async () => {
    expect(await result('acme.plain', { inputs: { a: 1 } })).toMatchObject({ outputs: { got: { a: 1 } } });
    const { body } = await call<NodeType[]>('GET', `${url}/v1/node-types`);
    expect(body.map(({ node_type_id }) => node_type_id)).toContain('acme.lib.gate');
    expect((await result('jarvis.core.echo', { version: '0.1.0' })).error?.code).toBe('unknown_node_type');
  });

  it('tells a version that it does not have, and those that it has', async () => {
    expect((await result('acme.plain', { version: '9.9.9' })).error).toMatchObject({
      code: 'unknown_node_type_version',
      details: { available_versions: [executor.service.version] },
    });
  });

  it('runs a node run that ended once more only when its failure may be repeated', async () => {
    for (const [id, fail, times] of [
      ['ok', undefined, 1],
      ['terminal', 'terminal', 1],
      ['retryable', 'retryable', 2],
    ] as const) {
      calls = [];
      const request = { id, inputs: fail === undefined ? {} : { fail } };
      const first = await result('acme.lib.count', request);
      const again = await result('acme.lib.count', request);
      expect(calls).toHaveLength(times);
      if (times === 1) expect(again).toEqual(first);
    }
  });

  it('refuses a node run id that was another work, while it runs and after', async () => {
    const running = execute('acme.lib.gate', { id: 'twice', inputs: { a: 1 } });
    await until(() => gate.waiting === 1);
    refusal(await execute('acme.lib.gate', { id: 'twice', inputs: { a: 2 } }), 409, 'node_run_id_reused');
    gate.release();
    await running;
    refusal(await execute('acme.plain', { id: 'twice', inputs: { a: 1 } }), 409, 'node_run_id_reused');
    expect((await result('acme.lib.gate', { id: 'twice', inputs: { a: 1 } })).state).toBe('succeeded');
    expect(gate.entered).toEqual(['twice']);
  });

  it('lets some wait, in the order in which they came, and refuses the rest', async () => {
    const places = [execute('acme.lib.gate', { id: 'p1' }), execute('acme.lib.gate', { id: 'p2' })];
    await until(() => gate.waiting === 2);
    const queue: ReturnType<typeof execute>[] = [];
    for (const id of ['q1', 'q2']) {
      queue.push(execute('acme.lib.gate', { id }));
      await until(async () => (await atWork()).some(({ node_run_id }) => node_run_id === id));
    }
    expect((await atWork()).map(({ state }) => state)).toEqual(['running', 'running', 'queued', 'queued']);
    refusal(await execute('acme.plain'), 503, 'execution_overloaded');
    gate.release();
    await Promise.all(places);
    await until(() => gate.waiting === 2);
    gate.release();
    for (const answer of await Promise.all(queue)) {
      expect(conforming(AtomicExecuteResult, answer).state).toBe('succeeded');
    }
    expect(gate.entered).toEqual(['p1', 'p2', 'q1', 'q2']);
  });

  it('gives a node type no more places than it wants, and the others theirs', async () => {
    const singles = [execute('acme.lib.single'), execute('acme.lib.single')];
    await until(() => gate.waiting === 1);
    expect((await result('acme.plain')).state).toBe('succeeded');
    expect(gate.entered).toHaveLength(1);
    gate.release();
    await until(() => gate.entered.length === 2);
    gate.release();
    await Promise.all(singles);
  });

  it('cancels one that waits at once, and it never runs', async () => {
    const places = [execute('acme.lib.gate'), execute('acme.lib.gate')];
    await until(() => gate.waiting === 2);
    const waiting = execute('acme.lib.count', { id: 'never' });
    await until(async () => (await atWork()).length === 3);
    expect(await cancel('never')).toBe(204);
    expect(conforming(AtomicExecuteResult, await waiting)).toMatchObject({
      state: 'canceled',
      error: { code: 'canceled' },
    });
    gate.release();
    await Promise.all(places);
    expect((await result('acme.plain')).state).toBe('succeeded');
    expect(calls).toEqual([]);
  });

  it('gives the places of those that were canceled while they waited to others, and remembers the cancel', async () => {
    const places = [execute('acme.lib.gate'), execute('acme.lib.gate')];
    await until(() => gate.waiting === 2);
    const canceled = ['w1', 'w2'].map((id) => execute('acme.lib.count', { id }));
    await until(async () => (await atWork()).length === 4);
    await Promise.all(['w1', 'w2'].map(cancel));
    await Promise.all(canceled);
    const next = execute('acme.lib.count', { id: 'next' });
    await until(async () => (await atWork()).some(({ node_run_id }) => node_run_id === 'next'));
    gate.release();
    await Promise.all(places);
    expect(conforming(AtomicExecuteResult, await next).state).toBe('succeeded');
    expect((await result('acme.lib.count', { id: 'w1' })).state).toBe('canceled');
    expect(calls).toEqual(['next']);
  });

  it('abandons a handler that does not listen, and has room again', async () => {
    const deaf = [execute('acme.lib.deaf', { id: 'd1' }), execute('acme.lib.deaf', { id: 'd2' })];
    await until(() => gate.waiting === 2);
    await Promise.all(['d1', 'd2'].map(cancel));
    for (const answer of await Promise.all(deaf)) {
      expect(conforming(AtomicExecuteResult, answer).state).toBe('canceled');
    }
    gate.release();
    expect((await result('acme.plain')).state).toBe('succeeded');
    expect(await atWork()).toEqual([]);
  });

  it('shows the progress of what is at work', async () => {
    const slow = execute('acme.lib.slow', { id: 'slow' });
    await until(() => gate.waiting === 1);
    expect(await atWork()).toEqual([
      expect.objectContaining({
        node_run_id: 'slow',
        state: 'running',
        progress: { fraction: 0.25, message: 'a quarter', time: expect.any(String) as string },
      }),
    ]);
    gate.release();
    await slow;
  });

  it('reports what was spent, also by what failed, and tells a handler its budgets', async () => {
    const constraints = { budgets: { max_external_calls: 3, max_cost: 2, max_wall_time_ms: 60_000 } };
    const done = await result('acme.lib.spend', { more: { constraints } });
    expect(done.extensions).toEqual({ 'jarvis.usage': { external_calls: 2, cost: 0.5 } });
    expect(done.outputs).toEqual({
      budgets: { deadline: expect.any(String) as string, maxExternalCalls: 3, maxCost: 2 },
    });
    const { deadline } = done.outputs?.['budgets'] as { deadline: string };
    expect(Date.parse(deadline) - Date.parse(done.started_at ?? '')).toBeLessThanOrEqual(60_000 + 1_000);
    const failed = await result('acme.lib.spend', { inputs: { fail: true } });
    expect(failed).toMatchObject({ state: 'failed', extensions: { 'jarvis.usage': { external_calls: 2 } } });
  });

  it('stops a handler when the wall time of its budget is over', async () => {
    const constraints = { budgets: { max_wall_time_ms: 50 } };
    expect(await result('acme.lib.deaf', { more: { constraints } })).toMatchObject({
      state: 'failed',
      error: { code: 'timeout', retryable: true },
    });
    gate.release();
  });

  it('keeps artifacts beside the outputs and serves them as downloads', async () => {
    const { output_artifacts, outputs } = await result('acme.lib.keep', { inputs: { text: 'hello' } });
    expect(outputs).toEqual({ back: 'hello' });
    expect(output_artifacts).toEqual([
      {
        type: 'artifact',
        id: 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
        extensions: {
          'jarvis.artifact.name': 'note.txt',
          'jarvis.artifact.media_type': 'text/plain; charset=utf-8',
          'jarvis.artifact.bytes': 5,
        },
      },
    ]);
    const response = await fetch(`${url}/v1/artifacts/${output_artifacts?.[0]?.id}`);
    expect(await response.text()).toBe('hello');
    expect(response.headers.get('content-disposition')).toBe('attachment');
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    refusal(await call('GET', `${url}/v1/artifacts/sha256:${'0'.repeat(64)}`), 404, 'artifact_not_found');
    refusal(await call('GET', `${url}/v1/artifacts/..%2F..%2Fpackage.json`), 404, 'artifact_not_found');
    const large = await result('acme.lib.keep', { inputs: { text: 'x'.repeat(3_000) } });
    expect(large).toMatchObject({ state: 'failed', error: { code: 'artifact_too_large' } });
  });

  it('keeps no end of artifacts, and no names without end', async () => {
    const litter = await result('acme.lib.litter');
    expect(litter).toMatchObject({ state: 'failed', error: { code: 'too_many_artifacts' } });
    expect(litter.output_artifacts).toHaveLength(256);
    expect((await result('acme.lib.named')).error?.code).toBe('artifact_invalid');
  });

  it('survives what a handler may throw', async () => {
    expect((await result('acme.lib.trap')).error).toMatchObject({ code: 'handler_error', retryable: false });
    expect((await result('acme.lib.forger')).error).toEqual({
      code: 'handler_error',
      message: 'The handler failed.',
      retryable: false,
    });
  });

  it('survives inputs that are nested without end', async () => {
    const depth = 6_000;
    const inputs = `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    const body = `{"node_run_id":"deep","run_id":"r","node_type_ref":{"node_type_id":"acme.plain","version":"${executor.service.version}"},"inputs":${inputs}}`;
    const answer = await call('POST', `${url}/v1/atomic-node-runs:execute`, body);
    expect(answer.status).toBeLessThan(500);
    expect((await result('acme.plain')).state).toBe('succeeded');
  });

  it('refuses outputs that are too large or no JSON', async () => {
    expect((await result('acme.lib.large')).error).toMatchObject({ code: 'outputs_too_large', retryable: false });
    expect((await result('acme.lib.strange')).error).toMatchObject({ code: 'invalid_outputs' });
  });

  it('tells a handler who, where and in which trace', async () => {
    const traceId = 'a'.repeat(32);
    const done = await result('acme.lib.context', {
      id: 'ctx',
      more: { run_context: { tenant_id: 't1', actor: { type: 'user', id: 'u1' } } },
      headers: { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` },
    });
    expect(done.outputs).toEqual({
      principal: { tenantId: 't1', actor: { type: 'user', id: 'u1' } },
      traceId,
      ids: ['r', 'ctx', 'acme.lib.context', executor.service.version],
    });
  });
});

describe('settings of outbound calls', () => {
  it.each([
    ['JARVIS_EGRESS_ALLOW', 'https://example.com'],
    ['JARVIS_EGRESS_BLOCK', 'example.com/path'],
    ['JARVIS_EGRESS_ALLOW_PRIVATE', '10.0.0.0/99'],
  ])('that cannot be read stop the start: %s', async (name, value) => {
    const settings = readSettings(atomicExecutorSettings, { ...QUIET, [name]: value });
    await expect(createAtomicExecutor(settings, { handlers: {} })).rejects.toThrow(value);
  });
});

describe('an executor that stops', () => {
  const start = async (graceMs: string, gate: Gate) => {
    const settings = { ...QUIET, ARP_SHUTDOWN_GRACE_MS: graceMs, JARVIS_CANCEL_GRACE_MS: '10' };
    const executor = await createAtomicExecutor(readSettings(atomicExecutorSettings, settings), {
      handlers: { 'acme.wait': (_, ctx) => gate.pass(ctx) },
    });
    const url = await listen(executor, { host: '127.0.0.1', port: 0, portSetting: 'ARP_ATOMIC_EXECUTOR_PORT' });
    const answer = call('POST', `${url}/v1/atomic-node-runs:execute`, {
      node_run_id: 'n',
      run_id: 'r',
      node_type_ref: { node_type_id: 'acme.wait', version: executor.service.version },
      inputs: {},
    });
    while (gate.waiting === 0) await new Promise((settle) => setTimeout(settle, 5));
    return { executor, answer };
  };

  it('lets what is at work end', async () => {
    const gate = new Gate();
    const { executor, answer } = await start('60000', gate);
    const stopped = executor.stop();
    gate.release();
    expect(conforming(AtomicExecuteResult, await answer).state).toBe('succeeded');
    await stopped;
  });

  it('gives back what only waits: nothing of it has run', async () => {
    const gate = new Gate();
    const settings = { ...QUIET, ARP_SHUTDOWN_GRACE_MS: '0', JARVIS_MAX_CONCURRENCY: '1' };
    const executor = await createAtomicExecutor(readSettings(atomicExecutorSettings, settings), {
      handlers: { 'acme.wait': (_, ctx) => gate.pass(ctx) },
    });
    const run = (node_run_id: string) =>
      executor.executor.executeAtomicNodeRun(CTX, {
        node_run_id,
        run_id: 'r',
        node_type_ref: { node_type_id: 'acme.wait', version: executor.service.version },
        inputs: {},
      });
    await executor.app.init();
    const first = run('first');
    const second = run('second');
    while (gate.waiting === 0) await new Promise((settle) => setTimeout(settle, 5));
    const stopped = executor.stop();
    await expect(second).rejects.toMatchObject({ code: 'service_stopping' });
    expect((await first).error?.code).toBe('executor_stopped');
    await stopped;
    gate.release();
  });

  it('stops it when that takes too long; the failure may be repeated', async () => {
    const gate = new Gate();
    const { executor, answer } = await start('0', gate);
    const stopped = executor.stop();
    expect(conforming(AtomicExecuteResult, await answer)).toMatchObject({
      state: 'failed',
      error: { code: 'executor_stopped', retryable: true },
    });
    await stopped;
    gate.release();
  });
});
