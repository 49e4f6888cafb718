import { handlerCall, isolatedOptions, PACK_ID, run, scratchPack, stopAfter } from '../../test/scratch-pack.js';
import type { ScratchPack } from '../../test/scratch-pack.js';
import type { JsonObject, JsonSchema } from '../json-schema.js';
import type { ManifestNode } from '../manifest.js';
import { openIsolated } from './isolated-host.js';
import type { IsolatedOptions } from './isolated-host.js';
import type { PackHost } from './pack-host.js';
import { inputsRefusal, runNode } from './run-node.js';
import type { RunnableNode } from './run-node.js';
import { compileSchema } from './schema-check.js';

const PRELUDE = `import { writeSync } from 'node:fs';
const say = (message) => {
  const text = Buffer.from(JSON.stringify(message));
  const header = Buffer.alloc(4);
  header.writeUInt32BE(text.length);
  for (let rest = Buffer.concat([header, text]); rest.length > 0;) {
    try { rest = rest.subarray(writeSync(3, rest)); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
  }
};
const usage = { external_calls: 0, cost: 0 };`;
const HANDLERS = `
  echo: (inputs) => inputs,
  pid: () => ({ pid: process.pid }),
  says: () => ({ text: 'a'.repeat(40) + '!' }),
  wrong: () => ({ n: 'one' }),
  wrongAtLength: () => ({ n: 1, ['x'.repeat(400_000)]: 1 }),
  asksAndSpins: () => { for (let i = 1; i <= 60; i += 1) say({ type: 'get', call: 1, request: i, id: 'x' }); for (;;); },
  asksAndEnds: () => {
    say({ type: 'get', call: 1, request: 1, id: 'x' });
    // The host answers meanwhile, and nobody reads that.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    say({ type: 'end', call: 1, end: { state: 'succeeded', outputs: { pid: process.pid }, usage } });
    for (;;);
  },
  asks: async (_, ctx) => {
    const all = await Promise.all(Array.from({ length: 60 }, () => ctx.artifacts.get({ id: 'x' })));
    const refs = await Promise.all(all.map((content) => ctx.artifacts.put(content, { name: 'x' })));
    return { bytes: all.reduce((sum, { length }) => sum + length, 0), refs: refs.length };
  },
  forgesEnd: ({ end, bytes, details }) => {
    if (end.outputs) end.outputs.text = 'x'.repeat(bytes);
    if (details) end.error.details = { text: 'x'.repeat(details) };
    say({ type: 'end', call: 1, end: { ...end, usage } });
    return new Promise(() => undefined);
  },`;

let pack: ScratchPack;
let opened: PackHost[] = [];

beforeAll(async () => {
  pack = await scratchPack(HANDLERS, { prelude: PRELUDE });
});
afterEach(async () => {
  await Promise.all(opened.map((host) => host.close()));
  opened = [];
});
afterAll(() => pack.remove());

/** With one process, so that calls are counted from 1. */
async function open(changes: Partial<IsolatedOptions> = {}): Promise<PackHost> {
  const host = await openIsolated(isolatedOptions(pack, { maxProcesses: 1, ...changes }));
  opened.push(host);
  return host;
}

/** Of the depth that a request can have and JSON.stringify cannot. */
function deep(): JsonObject {
  return JSON.parse(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`) as JsonObject;
}

describe('inputs that cannot be written as JSON', () => {
  it('fail, and the process is there for the next node run', async () => {
    const host = await open();
    const { end: before } = await run(host, 'pid');
    for (let i = 0; i < 3; i += 1) {
      const { end } = await run(host, 'echo', deep());
      expect(end).toMatchObject({
        state: 'failed',
        error: { code: 'invalid_inputs', retryable: false, message: expect.stringContaining('nested too deep') },
        cause: expect.stringContaining('call stack'),
      });
    }
    const call = handlerCall('echo');
    const end = await host.run({ ...call, facts: { ...call.facts, runContext: deep() } });
    expect(end).toMatchObject({ error: { code: 'invalid_inputs' } });
    expect((await run(host, 'pid')).end).toEqual(before);
  });
});

describe('the schemas of a pack', () => {
  const ANY = { type: 'object' } as const;

  /** A node whose host checks; what the executor itself would ask must not be asked. */
  async function node(name: string, schemas: { input?: JsonSchema; output?: JsonSchema }): Promise<RunnableNode> {
    const both = { input: ANY, output: ANY, ...schemas };
    const host = await open({ schemas: { [`${PACK_ID}.${name}`]: both } });
    const never = Object.assign(
      () => {
        throw new Error('checked in the host');
      },
      { schema: ANY },
    ) as unknown as ReturnType<typeof compileSchema>;
    return { manifest: {} as ManifestNode, host, validateInputs: never, validateOutputs: never };
  }

  it('are checked in its process, with the same error as elsewhere', async () => {
    const schema = { type: 'object', properties: { n: { type: 'number' } } } as const;
    const taking = await node('echo', { input: schema });
    expect(taking.host.checksSchemas).toBe(true);
    expect(inputsRefusal(taking, { n: 'one' })).toBeUndefined();
    const details = { issues: [{ path: 'n', message: 'must be number' }] };
    const refused = await runNode(taking, handlerCall('echo', { n: 'one' }));
    const elsewhere = inputsRefusal(
      { manifest: {} as ManifestNode, validateInputs: compileSchema(schema), validateOutputs: compileSchema(ANY) },
      { n: 'one' },
    );
    expect(refused).toEqual({ state: 'failed', error: elsewhere, usage: { external_calls: 0, cost: 0 } });
    expect(elsewhere).toMatchObject({ code: 'invalid_inputs', details });
    expect(await runNode(taking, handlerCall('echo', { n: 1 }))).toMatchObject({ outputs: { n: 1 } });

    const giving = await node('wrong', { output: schema });
    const end = await runNode(giving, handlerCall('wrong'));
    expect(end).toMatchObject({ state: 'failed', error: { code: 'invalid_outputs', details } });
  });

  it('a refusal that is long arrives cut', async () => {
    const strict = { type: 'object', properties: { n: {} }, additionalProperties: false } as const;
    const giving = await node('wrongAtLength', { output: strict });
    const end = await runNode(giving, handlerCall('wrongAtLength'));
    expect(end).toMatchObject({ state: 'failed', error: { code: 'invalid_outputs' } });
    expect(JSON.stringify(end).length).toBeLessThan(10_000);
  });

  it.each([
    ['a pattern', 'says', {}, { output: { properties: { text: { pattern: '^(a+)+$' } } } }],
    ['a pattern', 'echo', { text: `${'a'.repeat(40)}!` }, { input: { properties: { text: { pattern: '^(a+)+$' } } } }],
  ])('%s that takes for ever costs %s its own node run', async (_, name, inputs, schemas) => {
    const slow = await node(name, schemas);
    let turns = 0;
    const turning = setInterval(() => (turns += 1), 20);
    const end = await runNode(slow, handlerCall(name, inputs, stopAfter(500, 'timeout')));
    clearInterval(turning);
    expect(end).toMatchObject({ state: 'failed', error: { code: 'timeout' } });
    expect(turns).toBeGreaterThan(5);
    expect((await run(slow.host, 'pid')).end.state).toBe('succeeded');
  });

  it('values too deep for a schema that refers to itself are refused', async () => {
    const nested = { type: 'object', properties: { a: { $ref: '#' } } } as const;
    const validate = compileSchema(nested);
    const admitted = { manifest: {} as ManifestNode, validateInputs: validate, validateOutputs: validate };
    expect(inputsRefusal(admitted, deep())).toMatchObject({
      code: 'invalid_inputs',
      message: expect.stringContaining('cannot be checked: Maximum call stack'),
    });
  });

  it('a host that rejects makes a failure of the node run', async () => {
    const { host, ...admitted } = await node('echo', {});
    const rejecting = { ...host, run: async () => Promise.reject(new Error('broken')) };
    expect(await runNode({ ...admitted, host: rejecting }, handlerCall('echo'))).toMatchObject({
      state: 'failed',
      error: { code: 'handler_error' },
      cause: new Error('broken'),
    });
  });
});

describe('answers that the process does not read', () => {
  function counted(): { asked: number; getArtifact: () => Promise<Uint8Array> } {
    const ports = {
      asked: 0,
      getArtifact: async () => {
        ports.asked += 1;
        return new Uint8Array(900_000);
      },
    };
    return ports;
  }

  it('are not made', async () => {
    const host = await open();
    const ports = counted();
    const end = await host.run(handlerCall('asksAndSpins', {}, stopAfter(700, 'timeout'), ports));
    expect(end).toMatchObject({ error: { code: 'timeout' } });
    expect(ports.asked).toBe(1);
  });

  it('end the process with its node run, so that they do not pile up', async () => {
    const host = await open();
    const end = await host.run(handlerCall('asksAndEnds', {}, undefined, counted()));
    const { end: after } = await run(host, 'pid', {}, stopAfter(5_000, 'timeout'));
    expect([end.state, after.state]).toEqual(['succeeded', 'succeeded']);
    expect(after).not.toEqual(end);
  });

  it('all arrive where they are read', async () => {
    const host = await open({ memoryMb: 1_024 });
    const ports = counted();
    const ref = { type: 'artifact' as const, id: 'x', extensions: {} as never };
    const end = await host.run(handlerCall('asks', {}, undefined, { ...ports, putArtifact: async () => ref }));
    expect(end).toMatchObject({ outputs: { bytes: 60 * 900_000, refs: 60 } });
    expect(ports.asked).toBe(60);
  });
});

describe('ends that are written by hand', () => {
  const succeeded = { state: 'succeeded', outputs: {} };
  const failed = { state: 'failed', error: { code: 'busy', message: 'Busy.', retryable: true } };

  it('outputs that are too large are no result', async () => {
    const host = await open({ maxOutputBytes: 100_000, maxArtifactBytes: 1_000_000 });
    const { end } = await run(host, 'forgesEnd', { end: succeeded, bytes: 300_000 });
    expect(end).toMatchObject({ state: 'failed', error: { code: 'outputs_too_large', retryable: false } });
  });

  it('outputs within the limit are', async () => {
    const host = await open({ maxOutputBytes: 100_000 });
    const { end } = await run(host, 'forgesEnd', { end: succeeded, bytes: 99_980 });
    expect(end.state).toBe('succeeded');
  });

  it.each([
    [10_000, true],
    [40_000, false],
  ])('details of %i characters: kept is %s', async (details, isKept) => {
    const host = await open();
    const { end } = await run(host, 'forgesEnd', { end: failed, details });
    expect(end).toMatchObject({ error: { code: 'busy', message: 'Busy.' } });
    expect(Object.keys((end as { error?: object }).error ?? {}).includes('details')).toBe(isKept);
  });

  it('an error of 300 kB ends the process', async () => {
    const host = await open();
    const { end } = await run(host, 'forgesEnd', { end: failed, details: 300_000 });
    expect(end).toMatchObject({
      error: { code: 'handler_crashed' },
      cause: expect.stringContaining('a message of 300'),
    });
  });
});
