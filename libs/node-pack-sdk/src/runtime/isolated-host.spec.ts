import {
  handlerCall,
  isAlive,
  isolatedOptions,
  PACK_ID,
  run,
  scratchPack,
  stopAfter,
} from '../../test/scratch-pack.js';
import type { ScratchPack } from '../../test/scratch-pack.js';
import { openIsolated } from './isolated-host.js';
import type { HandlerEnd, PackHost } from './pack-host.js';

const HANDLERS = `
  echo: (inputs) => inputs,
  pid: () => ({ pid: process.pid }),
  slow: async ({ ms, ...rest }) => { await sleep(ms); return rest; },
  spin: () => { for (;;); },
  deaf: () => new Promise(() => undefined),
  polite: (_, { signal }) => new Promise((settle) => signal.addEventListener('abort', () => settle({}))),
  heap: async (_, ctx) => { ctx.usage.addCost(3); const kept = []; for (;;) { kept.push(new Array(100_000).fill({}).map(() => ({ a: 1 }))); await sleep(0); } },
  buffers: async () => { const kept = []; for (;;) { kept.push(Buffer.alloc(8_000_000, 1)); await sleep(1); } },
  kept: () => { (globalThis.kept ??= []).push(Buffer.alloc(190_000_000, 1)); return { pid: process.pid }; },
  exit: ({ code }) => process.exit(code),
  abort: () => process.abort(),
  throwsLater: () => new Promise(() => setTimeout(() => { throw new Error('secret of the pack'); })),
  rejects: () => { void Promise.reject(new Error('secret of the pack')); return new Promise(() => undefined); },
  leavesThrow: () => { setTimeout(() => { throw new Error('left behind'); }, 200); return {}; },
  deep: () => { const dig = () => dig() + 1; return dig(); },
  prints: () => { const line = 'x'.repeat(999) + '\\n'; for (let i = 0; i < 100_000; i += 1) process.stdout.write(line); return { printed: true }; },
  says: () => { console.log('to stdout'); console.error('to stderr'); process.stdout.write('y'.repeat(20_000)); return {}; },
  large: () => ({ text: 'x'.repeat(30_000_000) }),
  cycle: () => { const outputs = {}; outputs.self = outputs; return outputs; },
  bigint: () => ({ n: 1n }),
  garbage: () => { writeSync(3, 'this is not a message of the protocol'); return new Promise(() => undefined); },
  floods: () => { const header = Buffer.alloc(4); header.writeUInt32BE(0x7fffffff); writeSync(3, header); for (;;) writeSync(3, Buffer.alloc(65_536)); },
  forges: ({ message }) => { say(message); return new Promise(() => undefined); },
  forgesEnds: async () => {
    const end = (call) => say({ type: 'end', call, end: { state: 'succeeded', outputs: { forged: call }, usage: { external_calls: 0, cost: 0 } } });
    end(999); end(1_000_000); await sleep(50); return { mine: true };
  },
  tells: async (_, ctx) => {
    ctx.logger.info('asking', { city: 'Rome' });
    ctx.logger.warn('cycle', (() => { const fields = {}; fields.self = fields; return fields; })());
    for (let i = 1; i <= 200; i += 1) ctx.progress({ fraction: i / 200 });
    ctx.usage.addExternalCalls(2);
    ctx.usage.addCost(0.5);
    return {};
  },
  chatters: (_, ctx) => { for (let i = 0; i < 3_000; i += 1) ctx.logger.info('line ' + i); return {}; },
  stores: async ({ bytes }, ctx) => {
    const ref = await ctx.artifacts.put(new Uint8Array(bytes).fill(7), { name: 'sevens' });
    const back = await ctx.artifacts.get(ref);
    return { id: ref.id, bytes: back.length, first: back[0] };
  },
  fetches: async ({ id }, ctx) => ({ bytes: (await ctx.artifacts.get({ id })).length }),
  spentThenExits: async (_, ctx) => { ctx.usage.addExternalCalls(3); ctx.usage.addCost(1.5); process.exit(0); },
  knows: (_, ctx) => ({ principal: ctx.principal, trace: ctx.trace, deadline: ctx.budgets.deadline instanceof Date }),`;
const PRELUDE = `import { writeSync } from 'node:fs';
const sleep = (ms) => new Promise((settle) => setTimeout(settle, ms));
const say = (message) => {
  const text = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
  const header = Buffer.alloc(4);
  header.writeUInt32BE(text.length);
  // The pipe takes what it has room for.
  for (let rest = Buffer.concat([header, text]); rest.length > 0;) {
    try { rest = rest.subarray(writeSync(3, rest)); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
  }
};`;

let pack: ScratchPack;
let host: PackHost;
const hostLogs: string[] = [];

beforeAll(async () => {
  pack = await scratchPack(HANDLERS, { prelude: PRELUDE });
  host = await openIsolated(isolatedOptions(pack, {}, hostLogs));
});
afterAll(async () => {
  await host.close();
  await pack.remove();
});

function codeOf(end: HandlerEnd): string {
  return end.state === 'succeeded' ? 'succeeded' : end.error.code;
}

/** Beside the call: one in another process; after it: one more. */
async function amongOthers(node: string, inputs = {}, signal?: AbortSignal) {
  const [called, beside] = await Promise.all([
    run(host, node, inputs, signal),
    run(host, 'slow', { ms: 100, beside: true }),
  ]);
  expect(beside.end).toMatchObject({ state: 'succeeded', outputs: { beside: true } });
  expect((await run(host, 'echo', { after: true })).end).toMatchObject({ outputs: { after: true } });
  return called;
}

describe('a handler in a process of its own', () => {
  it('is given its inputs and the context, and what it says arrives', async () => {
    expect(host.isolation).toBe('process');
    expect(host.handlerIds).toContain(`${PACK_ID}.echo`);
    const { end, logs, progress } = await run(host, 'tells');
    expect(end).toEqual({ state: 'succeeded', outputs: {}, usage: { external_calls: 2, cost: 0.5 } });
    expect(logs).toEqual([
      'info asking {"city":"Rome"}',
      'warn cycle {"dropped":"fields that cannot be written as JSON"}',
    ]);
    expect(progress.at(0)).toEqual({ fraction: 1 / 200 });
    expect(progress.at(-1)).toEqual({ fraction: 1 });
    expect(progress.length).toBeLessThan(20);
  });

  it('knows what the call says of run and trace', async () => {
    const call = handlerCall('knows');
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const end = await host.run({ ...call, facts: { ...call.facts, traceparent, runContext: { tenant_id: 'acme' } } });
    expect(end).toMatchObject({
      outputs: { principal: { tenantId: 'acme' }, trace: { traceId: 'a'.repeat(32), traceparent }, deadline: true },
    });
  });

  it('is no node of the pack', async () => {
    await expect(host.run(handlerCall('nothing'))).rejects.toThrow(`no handler for ${PACK_ID}.nothing`);
  });

  it('keeps artifacts with the executor', async () => {
    const kept = new Map<string, Uint8Array>();
    const ports = {
      putArtifact: async (content: Uint8Array, { name }: { name: string }) => {
        kept.set(`sha256:${name}`, content);
        const extensions = {
          'jarvis.artifact.name': name,
          'jarvis.artifact.media_type': '',
          'jarvis.artifact.bytes': 1,
        };
        return { type: 'artifact' as const, id: `sha256:${name}`, extensions };
      },
      getArtifact: async (id: string) => kept.get(id),
    };
    const put = await host.run(handlerCall('stores', { bytes: 900_000 }, undefined, ports));
    expect(put).toMatchObject({ outputs: { id: 'sha256:sevens', bytes: 900_000, first: 7 } });
    const absent = await host.run(handlerCall('fetches', { id: 'sha256:absent' }, undefined, ports));
    expect(codeOf(absent)).toBe('artifact_not_found');
    const tooLarge = await host.run(handlerCall('stores', { bytes: 1_000_001 }, undefined, ports));
    expect(codeOf(tooLarge)).toBe('artifact_too_large');
  });

  it('hears nothing of an error inside the executor', async () => {
    const logs: string[] = [];
    const end = await host.run(
      handlerCall('fetches', { id: 'x' }, undefined, {
        log: (level, message) => logs.push(`${level} ${message}`),
        getArtifact: () => Promise.reject(new Error('disk is full')),
      }),
    );
    expect(end).toMatchObject({
      error: { code: 'handler_error', message: 'The executor could not handle the artifact.' },
    });
    expect(logs).toEqual(['error an artifact could not be handled: disk is full']);
  });
});

describe('a handler that misbehaves hurts its own node run only', () => {
  it.each([
    ['spin', 'timeout', 'timeout'],
    ['spin', 'canceled', 'canceled'],
    ['deaf', 'stopping', 'executor_stopped'],
  ] as const)('%s, stopped with %s: killed after the grace', async (node, reason, code) => {
    const { end } = await amongOthers(node, {}, stopAfter(200, reason));
    expect(codeOf(end)).toBe(code);
    expect(end.state).toBe(reason === 'canceled' ? 'canceled' : 'failed');
  });

  it('one that ends within the grace keeps its process', async () => {
    const one = await openIsolated(isolatedOptions(pack, { maxProcesses: 1, graceMs: 20_000 }));
    const before = (await run(one, 'pid')).end;
    expect(codeOf((await run(one, 'polite', {}, stopAfter(100, 'timeout'))).end)).toBe('timeout');
    expect((await run(one, 'pid')).end).toEqual(before);
    await one.close();
  });

  it('a heap that is full', async () => {
    const { end } = await amongOthers('heap');
    expect(end).toMatchObject({ error: { code: 'handler_crashed', retryable: true }, usage: { cost: 3 } });
    expect(end).toMatchObject({ error: { message: expect.stringContaining('more than the 128 MiB of memory') } });
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('buffers, which no heap limit counts', async () => {
    const { end } = await amongOthers('buffers');
    expect(end).toMatchObject({ error: { code: 'handler_crashed' } });
    expect(end).toMatchObject({ error: { message: expect.stringContaining('more than the 128 MiB of memory') } });
  });

  onLinux('what it keeps: a fresh process takes the place of one that has leaked', async () => {
    const logs: string[] = [];
    const one = await openIsolated(isolatedOptions(pack, { maxProcesses: 1 }, logs));
    const leaked = (await run(one, 'kept')).end;
    const fresh = (await run(one, 'pid')).end;
    expect(leaked.state).toBe('succeeded');
    expect(fresh).not.toEqual(leaked);
    expect(logs.join()).toContain('has kept much memory');
    await one.close();
  });

  it.each([
    ['exit', { code: 0 }, 'ended with code 0'],
    ['exit', { code: 1 }, 'ended with code 1'],
    ['abort', {}, 'ended by SIGABRT'],
    ['throwsLater', {}, 'An error that nothing caught'],
    ['rejects', {}, 'An error that nothing caught'],
    ['garbage', {}, 'it sent what its host does not accept'],
    ['floods', {}, 'it sent what its host does not accept'],
  ])('%s %j', async (node, inputs, message) => {
    const { end } = await amongOthers(node, inputs);
    expect(end).toMatchObject({ state: 'failed', error: { code: 'handler_crashed', retryable: true } });
    expect(end).toMatchObject({ error: { message: expect.stringContaining(message) } });
    expect(JSON.stringify({ ...end, cause: undefined })).not.toContain('secret');
    if (message.startsWith('An error')) {
      expect(end).toMatchObject({ cause: expect.stringContaining('secret of the pack') });
    }
  });

  it.each([
    ['deep', 'handler_error'],
    ['large', 'outputs_too_large'],
    ['cycle', 'invalid_outputs'],
    ['bigint', 'invalid_outputs'],
  ])('%s: %s, and the process stays', async (node, code) => {
    const one = await openIsolated(isolatedOptions(pack, { maxProcesses: 1, memoryMb: 512 }));
    const before = (await run(one, 'pid')).end;
    expect(codeOf((await run(one, node)).end)).toBe(code);
    expect((await run(one, 'pid')).end).toEqual(before);
    await one.close();
  });

  it('what it has spent counts when its process ends', async () => {
    const { end } = await run(host, 'spentThenExits');
    expect(end).toMatchObject({ error: { code: 'handler_crashed' }, usage: { external_calls: 3, cost: 1.5 } });
  });

  it('100 MB to stdout: the first lines are logged, the rest is counted', async () => {
    const { end, logs } = await amongOthers('prints');
    expect(end).toMatchObject({ outputs: { printed: true } });
    expect(logs).toHaveLength(1_001);
    expect(logs[0]).toBe(`info ${'x'.repeat(999)}`);
    expect(logs.at(-1)).toBe('warn 99000 more lines of this node run were dropped');
  });

  it('what it prints belongs to its own log, and long lines are cut', async () => {
    const one = await openIsolated(isolatedOptions(pack, { maxProcesses: 1 }));
    const { logs } = await run(one, 'says');
    const after = await run(one, 'echo');
    await one.close();
    expect(logs).toEqual(expect.arrayContaining(['info to stdout', 'warn to stderr']));
    expect(after.logs).toEqual([]);
  });

  it('too many lines of its logger are dropped too', async () => {
    const { logs } = await run(host, 'chatters');
    expect(logs.slice(-2)).toEqual(['info line 999', 'warn 2000 more lines of this node run were dropped']);
  });

  it('an error of an earlier node run is not blamed on the next without saying so', async () => {
    const one = await openIsolated(isolatedOptions(pack, { maxProcesses: 1 }));
    expect((await run(one, 'leavesThrow')).end.state).toBe('succeeded');
    const { end } = await run(one, 'slow', { ms: 10_000 });
    expect(end).toMatchObject({
      error: { code: 'handler_crashed', message: expect.stringContaining('what an earlier node run left running') },
    });
    expect((await run(one, 'echo')).end.state).toBe('succeeded');
    await one.close();
  });

  it('an error without a node run goes to the log of the host', async () => {
    const logs: string[] = [];
    const one = await openIsolated(isolatedOptions(pack, { maxProcesses: 1 }, logs));
    const first = (await run(one, 'pid')).end;
    await run(one, 'leavesThrow');
    await until(() => logs.some((line) => line.includes('left behind')));
    const second = (await run(one, 'pid')).end;
    expect(second.state).toBe('succeeded');
    expect(second).not.toEqual(first);
    await one.close();
  });

  it.each([['of another call', { type: 'log', call: 12_345, level: 'error', message: 'forged' }]])(
    'a message %s is dropped',
    async (_, message) => {
      const { end, logs } = await run(host, 'forges', { message }, stopAfter(300, 'timeout'));
      expect(codeOf(end)).toBe('timeout');
      expect(logs).toEqual([]);
    },
  );

  it('an end of another call is dropped', async () => {
    expect((await run(host, 'forgesEnds')).end).toMatchObject({ outputs: { mine: true } });
  });

  it.each([
    ['is no object', '[1]'],
    ['is of no known type', { type: '__proto__' }],
    ['has a bad level', { type: 'log', call: 1, level: 'fatal', message: '' }],
    ['has a usage that is no number', { type: 'usage', call: 1, usage: { external_calls: 'x', cost: 0 } }],
    ['has a negative usage', { type: 'usage', call: 1, usage: { external_calls: -1, cost: 0 } }],
    [
      'has outputs that are no object',
      { type: 'end', call: 1, end: { state: 'succeeded', outputs: [], usage: { external_calls: 0, cost: 0 } } },
    ],
    [
      'has an error without a code',
      {
        type: 'end',
        call: 1,
        end: { state: 'failed', error: { code: 'Bad Code' }, usage: { external_calls: 0, cost: 0 } },
      },
    ],
    ['is a log line of 300 kB', { type: 'log', call: 1, level: 'info', message: 'x'.repeat(300_000) }],
  ])('a message that %s ends the process', async (_, message) => {
    const { end } = await run(host, 'forges', { message });
    expect(end).toMatchObject({ error: { code: 'handler_crashed' }, cause: expect.stringContaining('a message') });
    expect((await run(host, 'echo')).end.state).toBe('succeeded');
  });

  it('a message cannot pollute prototypes', async () => {
    const message =
      '{"type":"log","call":1,"level":"info","message":"m","__proto__":{"polluted":1},"fields":{"__proto__":{"polluted":1}}}';
    await run(host, 'forges', { message }, stopAfter(200, 'canceled'));
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('the end of a host', () => {
  it('stops what is at work and leaves no process', async () => {
    const one = await openIsolated(isolatedOptions(pack));
    const { end } = await run(one, 'pid');
    const { pid } = (end as unknown as { outputs: { pid: number } }).outputs;
    const working = [run(one, 'spin'), run(one, 'deaf'), run(one, 'echo')];
    expect(isAlive(pid)).toBe(true);
    await one.close();
    const ends = await Promise.all(working);
    expect(ends.map(({ end: how }) => codeOf(how))).toEqual([
      'executor_stopped',
      'executor_stopped',
      'executor_stopped',
    ]);
    expect(isAlive(pid)).toBe(false);
    expect(codeOf((await run(one, 'echo')).end)).toBe('executor_stopped');
    await one.close();
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (const giveUpAt = Date.now() + 20_000; !holds();) {
    if (Date.now() > giveUpAt) throw new Error('it did not happen');
    await new Promise((settle) => setTimeout(settle, 20));
  }
}
