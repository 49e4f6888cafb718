import { handlerCall, isolatedOptions, PACK_ID, scratchPack } from '../../test/scratch-pack.js';
import type { ScratchPack } from '../../test/scratch-pack.js';
import { RetryableError } from '../errors.js';
import { mockUpstreamOf } from '../http/mock-upstream.js';
import { openInProcess } from './in-process-host.js';
import { openIsolated } from './isolated-host.js';
import type { CallPorts, HandlerEnd, PackHost } from './pack-host.js';
import { importPack } from './pack-module.js';
import { runNode } from './run-node.js';
import { compileSchema } from './schema-check.js';

const CANARY = 'canary-7f3a9c5e1b';
const HANDLERS = `
  tells: async (_, ctx) => {
    const secret = await ctx.credentials.get('acme.key');
    ctx.logger.info('got ' + secret, { header: 'Bearer ' + secret, nested: [{ secret }] });
    ctx.progress({ message: 'with ' + secret });
    const ref = await ctx.artifacts.put('the secret: ' + secret, { name: secret });
    return { secret, [secret]: 1, length: secret.length, url: 'https://a.example/?k=' + encodeURIComponent(secret), id: ref.id };
  },
  odd: async (_, ctx) => {
    const secret = await ctx.credentials.get('acme.key');
    const cycle = { secret }; cycle.self = cycle;
    ctx.logger.info(7, cycle);
    ctx.logger.info('a date', { at: new Date(0), secret });
    ctx.progress({ fraction: 0.5, message: 7 });
    return {};
  },
  prints: async (_, ctx) => { console.log('printed ' + await ctx.credentials.get('acme.key')); return {}; },
  printsLater: async (_, ctx) => {
    const secret = await ctx.credentials.get('acme.key');
    setTimeout(() => console.log('later ' + secret), 20);
    return {};
  },
  throws: async (_, ctx) => {
    const secret = await ctx.credentials.get('acme.key');
    throw Object.assign(new Error('refused ' + secret), { kind: 'terminal', code: 'refused', details: { sent: [secret] }, cause: new Error(secret) });
  },
  throwsCode: async (_, ctx) => { throw Object.assign(new Error('x'), { kind: 'terminal', code: await ctx.credentials.get('acme.lower') }); },
  crashes: async (_, ctx) => { const secret = await ctx.credentials.get('acme.key'); throw new Error('not on purpose ' + secret); },
  undeclared: async (_, ctx) => ({ secret: await ctx.credentials.get('acme.other') }),
  asks: async ({ name }, ctx) => ({ length: (await ctx.credentials.get(name)).length }),
  forges: async () => {
    const text = Buffer.from(JSON.stringify({ type: 'credential', call: 1, request: 1, name: 'acme.other' }));
    const header = Buffer.alloc(4);
    header.writeUInt32BE(text.length);
    writeSync(3, Buffer.concat([header, text]));
    return new Promise((settle) => setTimeout(settle, 100, {}));
  },`;
const PRELUDE = `import { writeSync } from 'node:fs';`;

interface Seen {
  readonly end: HandlerEnd;
  readonly lines: string[];
  readonly asked: string[];
}

let pack: ScratchPack;
const hosts: Record<string, PackHost> = {};
const hostLogs: string[] = [];

beforeAll(async () => {
  pack = await scratchPack(HANDLERS, { prelude: PRELUDE });
  const { handlers } = await importPack(pack.entryFile, PACK_ID, 10_000);
  hosts['in process'] = openInProcess(handlers, { graceMs: 300, maxOutputBytes: 1_000_000 });
  hosts['isolated'] = await openIsolated(isolatedOptions(pack, { maxProcesses: 1 }, hostLogs));
});
afterAll(async () => {
  await Promise.all(Object.values(hosts).map((host) => host.close()));
  await pack.remove();
});

/** Runs a node that declares credentials, as executors do. */
async function run(
  host: PackHost | undefined,
  name: string,
  inputs = {},
  getCredential: CallPorts['getCredential'] = async (asked) =>
    ({ 'acme.key': CANARY, 'acme.lower': 'lowercase_secret' })[asked],
): Promise<Seen> {
  const lines: string[] = [];
  const asked: string[] = [];
  const call = handlerCall(name, inputs, undefined, {
    log: (level, message, fields) => lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
    progress: (progress) => lines.push(JSON.stringify(progress)),
    putArtifact: async (content, options) => {
      lines.push(`${Buffer.from(content).toString('utf8')} ${JSON.stringify(options)}`);
      return { type: 'artifact', id: 'sha256:0', extensions: {} as never };
    },
    getCredential: (one) => {
      asked.push(one);
      return getCredential(one);
    },
  });
  const validate = compileSchema({ type: 'object' });
  const manifest = { id: `${PACK_ID}.${name}` } as never;
  const node = { manifest, validateInputs: validate, validateOutputs: validate, host: host as PackHost };
  const egress = { ...call.facts.egress, declared: ['api.test'] };
  const facts = { ...call.facts, egress, credentials: ['acme.key', 'acme.lower', 'acme.missing', 'acme.away'] };
  return { end: await runNode(node, { ...call, facts }), lines, asked };
}

describe.each(['in process', 'isolated'])('credentials of a handler, %s', (name) => {
  it('are read, and are in nothing that it says', async () => {
    const { end, lines } = await run(hosts[name], 'tells');
    expect(end).toMatchObject({
      state: 'succeeded',
      outputs: {
        secret: '[credential]',
        '[credential]': 1,
        length: CANARY.length,
        url: 'https://a.example/?k=[credential]',
      },
    });
    expect(lines).toEqual([
      'info got [credential] {"header":"Bearer [credential]","nested":[{"secret":"[credential]"}]}',
      '{"message":"with [credential]"}',
      'the secret: [credential] {"name":"[credential]","mediaType":"text/plain; charset=utf-8"}',
    ]);
  });

  it.each([
    ['throws', 'refused', 'refused [credential]'],
    ['throwsCode', 'handler_error', 'x'],
    ['crashes', 'handler_error', 'The handler failed.'],
  ])('are not in what it %s, causes for the log included', async (handler, code, message) => {
    const { end } = await run(hosts[name], handler);
    expect(end).toMatchObject({ state: 'failed', error: { code, message } });
    const cause = end.state === 'succeeded' ? undefined : end.cause;
    expect(cause).toBeDefined();
    const shown = `${JSON.stringify(end)} ${String(cause instanceof Error ? cause.stack : cause)}`;
    expect(shown).not.toContain(CANARY);
    if (handler !== 'throwsCode') expect(String(cause)).toContain('[credential]');
  });

  it('may be logged in whatever odd way', async () => {
    const { end, lines } = await run(hosts[name], 'odd');
    expect(end.state).toBe('succeeded');
    expect(lines).toEqual([
      'info 7 {"dropped":"fields that cannot be written as JSON"}',
      'info a date {"at":"1970-01-01T00:00:00.000Z","secret":"[credential]"}',
      '{"fraction":0.5,"message":"7"}',
    ]);
  });

  it('are those that its node declares', async () => {
    const { end, asked } = await run(hosts[name], 'undeclared');
    expect(end).toMatchObject({ error: { code: 'credential_not_declared', retryable: false } });
    expect(asked).toEqual([]);
  });

  it('say what to do when there is none, and may be asked for again when nobody can tell', async () => {
    const ask = (credential: string) =>
      run(hosts[name], 'asks', { name: credential }, async () => {
        if (credential === 'acme.missing') return undefined;
        throw new RetryableError('The store is away.', { code: 'credential_store_unavailable' });
      });
    expect((await ask('acme.missing')).end).toMatchObject({
      error: {
        code: 'credential_missing',
        retryable: false,
        message: expect.stringContaining('stores and activates one'),
      },
    });
    expect((await ask('acme.away')).end).toMatchObject({
      error: { code: 'credential_store_unavailable', retryable: true },
    });
  });
});

describe('the process of a pack', () => {
  it('prints no credential into the log, neither during its node run nor after it', async () => {
    const { lines } = await run(hosts['isolated'], 'prints');
    expect(lines).toEqual(['info printed [credential] {}']);
    await run(hosts['isolated'], 'printsLater');
    for (let tries = 0; tries < 500 && hostLogs.length === 0; tries += 1) await new Promise((s) => setTimeout(s, 10));
    expect(hostLogs).toEqual(['info later [credential]']);
  });

  it('is given none that its node does not declare, whatever it sends', async () => {
    const fresh = await openIsolated(isolatedOptions(pack, { maxProcesses: 1 }));
    const { end, asked } = await run(fresh, 'forges');
    await fresh.close();
    expect(end.state).toBe('succeeded');
    expect(asked).toEqual([]);
  });
});

describe('packs whose upstream is imitated', () => {
  const INDEX = (mock: string) => `
const ask = { id: '${PACK_ID}.ask', run: async (_, ctx) => {
  const response = await ctx.http.fetch('https://api.test/x', { headers: { authorization: await ctx.credentials.get('acme.key') } });
  return response.json();
} };
export default { id: '${PACK_ID}', nodes: [ask]${mock} };`;
  const MOCK = `, mockUpstream: (request) => Response.json({ url: request.url, key: request.headers.get('authorization') })`;

  it.each([
    ['in process', MOCK, { state: 'succeeded', outputs: { url: 'https://api.test/x', key: 'mock-credential' } }],
    ['isolated', MOCK, { state: 'succeeded', outputs: { url: 'https://api.test/x', key: 'mock-credential' } }],
    ['in process', '', { state: 'failed', error: { code: 'mock_upstream_missing', retryable: false } }],
    ['isolated', '', { state: 'failed', error: { code: 'mock_upstream_missing', retryable: false } }],
  ])('%s, with mockUpstream "%s"', async (where, mock, expected) => {
    const scratch = await scratchPack('', { files: { 'index.js': INDEX(mock) } });
    const { handlers, pack: module } = await importPack(scratch.entryFile, PACK_ID, 10_000);
    const mockUpstream = mockUpstreamOf('mock', module);
    const host =
      where === 'isolated'
        ? await openIsolated(isolatedOptions(scratch, { maxProcesses: 1, upstream: 'mock' }))
        : openInProcess(handlers, { graceMs: 300, maxOutputBytes: 1_000_000, ...(mockUpstream && { mockUpstream }) });
    const { end, asked } = await run(host, 'ask');
    await host.close();
    await scratch.remove();
    expect(end).toMatchObject({ ...expected, usage: { external_calls: 1 } });
    expect(asked).toEqual([]);
  });
});
