import { mkdtemp, mkdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '#config';
import type { NodeType } from '#contract';
import { AtomicExecuteResult, Health, NodePack } from '#contract';
import { listen } from '#http';
import { createAtomicExecutor } from '../../apps/atomic-executor/src/atomic-executor.app.js';
import { atomicExecutorSettings } from '../../apps/atomic-executor/src/atomic-executor.config.js';
import { call, conforming, refusal } from './http.js';

const SCHEMA = { type: 'object', additionalProperties: true };
const ODD_INPUT = {
  type: 'object',
  required: ['n'],
  properties: { n: { type: 'integer' } },
  additionalProperties: false,
};

/** A pack as a stranger would install it: nodes that misbehave in every way that an executor must survive. */
const HANDLERS = `
import { definePack, defineNode, TerminalError, RetryableError } from '@arp-jarvis/node-pack-sdk';
const object = ${JSON.stringify(SCHEMA)};
const node = (name, run, input = object, output = object, extra = {}) => defineNode({ id: 'acme.odd.' + name, description: name, input, output, run, ...extra });
let gate; const opened = new Promise((open) => { gate = open; });
let calls = 0;
export default definePack({ id: 'acme.odd', version: '1.0.0', nodes: [
  node('count', (inputs) => ({ n: inputs.n + 1 }), ${JSON.stringify(ODD_INPUT)}, ${JSON.stringify(ODD_INPUT)}),
  node('liar', () => ({ n: 'text' }), object, ${JSON.stringify(ODD_INPUT)}),
  node('crash', () => { throw new Error('password=hunter2'); }),
  node('terminal', () => { throw new TerminalError('no such city', { code: 'city_unknown', details: { city: 'x' } }); }),
  node('retryable', () => { throw new RetryableError('busy') }),
  node('deaf', () => new Promise(() => {}), object, object, { timeoutMs: 50 }),
  node('wait', async (_, ctx) => { calls += 1; await opened; return { calls }; }),
  node('open', () => { gate(); return {}; }),
  node('patient', (_, ctx) => new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('stop'))))),
] });
`;

describe('the atomic executor', () => {
  let folder: string;
  let url: string;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'arp-packs-'));
    await writePack(join(folder, 'odd'));
    await mkdir(join(folder, 'broken'));
    await writeFile(
      join(folder, 'broken', 'package.json'),
      JSON.stringify({ name: 'broken-pack', version: '1.0.0', jarvis: { schemaVersion: 1 } }),
    );
    const executor = await createAtomicExecutor(
      readSettings(atomicExecutorSettings, {
        ARP_AUTH_PROFILE: 'dev-insecure',
        LOG_LEVEL: 'silent',
        JARVIS_NODEPACK_PATHS: folder,
        JARVIS_MAX_CONCURRENCY: '3',
        JARVIS_MAX_QUEUED: '0',
        JARVIS_CANCEL_GRACE_MS: '50',
        // Its nodes know of each other; test/e2e/isolated-packs.spec.ts has the same in processes of their own.
        JARVIS_NODEPACK_IN_PROCESS: await realpath(join(folder, 'odd')),
      }),
    );
    url = await listen(executor, { host: '127.0.0.1', port: 0, portSetting: 'ARP_ATOMIC_EXECUTOR_PORT' });
    stop = executor.stop;
  });
  afterAll(async () => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  });

  let count = 0;
  const execute = (name: string, inputs: object = {}, node_run_id = `n${(count += 1)}`) =>
    call('POST', `${url}/v1/atomic-node-runs:execute`, {
      node_run_id,
      run_id: 'r',
      node_type_ref: { node_type_id: `acme.odd.${name}`, version: '1.0.0' },
      inputs,
    });
  const result = async (name: string, inputs?: object) => conforming(AtomicExecuteResult, await execute(name, inputs));

  it('echoes, as the seed says', async () => {
    const answer = await call('POST', `${url}/v1/atomic-node-runs:execute`, {
      node_run_id: 'n',
      run_id: 'r',
      node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' },
      inputs: { a: [1] },
    });
    const executed = conforming(AtomicExecuteResult, answer);
    expect(executed).toMatchObject({ node_run_id: 'n', state: 'succeeded', outputs: { echo: { a: [1] } } });
    expect(Date.parse(executed.started_at ?? '')).toBeLessThanOrEqual(Date.parse(executed.ended_at ?? ''));
  });

  it('lists the node types of the packs that it found, and reports the pack that it refused', async () => {
    const { body } = await call<NodeType[]>('GET', `${url}/v1/node-types`);
    expect(body.map(({ node_type_id }) => node_type_id)).toContain('jarvis.core.echo');
    expect(body.find(({ node_type_id }) => node_type_id === 'acme.odd.count')).toMatchObject({
      version: '1.0.0',
      kind: 'atomic',
      input_schema: ODD_INPUT,
    });
    const health = conforming(Health, await call('GET', `${url}/v1/health`));
    expect(health.status).toBe('degraded');
    expect(health.checks?.[0]?.message).toContain('pack_metadata_invalid');
    expect(health.checks?.[0]?.message).toContain('broken-pack');
  });

  it('lists the packs that it found, with what each can run and why it was refused', async () => {
    const { status, body } = await call<NodePack[]>('GET', `${url}/v1/node-packs`);
    expect(status).toBe(200);
    for (const pack of body) conforming(NodePack, { status, headers: new Headers(), body: pack });
    expect(body.find(({ pack_id }) => pack_id === 'jarvis.core')).toEqual({
      package_name: '@arp-jarvis/node-pack-core',
      pack_id: 'jarvis.core',
      version: '0.1.0',
      state: 'loaded',
      isolation: 'in_process',
      node_type_ids: [
        'jarvis.core.echo',
        'jarvis.core.hash.sha256',
        'jarvis.core.sleep',
        'jarvis.core.time.now',
        'jarvis.core.uuid4',
      ],
    });
    expect(body.at(-1)).toMatchObject({
      package_name: 'broken-pack',
      state: 'refused',
      refusal: { code: 'pack_metadata_invalid' },
    });
  });

  it('checks inputs and outputs against the schemas, with paths', async () => {
    expect(await result('count', { n: 1 })).toMatchObject({ state: 'succeeded', outputs: { n: 2 } });
    expect(await result('count', { n: 'x' })).toMatchObject({
      state: 'failed',
      error: { code: 'invalid_inputs', details: { issues: [{ path: 'n' }] } },
    });
    expect(await result('liar')).toMatchObject({ state: 'failed', error: { code: 'invalid_outputs' } });
  });

  it('tells what a handler meant to tell, and nothing else', async () => {
    const crashed = await result('crash');
    expect(crashed).toMatchObject({ state: 'failed', error: { code: 'handler_error', retryable: false } });
    expect(JSON.stringify(crashed)).not.toContain('hunter2');
    expect((await result('terminal')).error).toEqual({
      code: 'city_unknown',
      message: 'no such city',
      retryable: false,
      details: { city: 'x' },
    });
    expect((await result('retryable')).error).toMatchObject({ code: 'handler_error', retryable: true });
  });

  it('gives a handler no more than its time, also one that does not listen', async () => {
    expect(await result('deaf')).toMatchObject({ state: 'failed', error: { code: 'timeout', retryable: true } });
  });

  it('cancels a running handler', async () => {
    const running = execute('patient', {}, 'to-cancel');
    let canceled: AtomicExecuteResult | undefined;
    void running.then((answer) => (canceled = conforming(AtomicExecuteResult, answer)));
    while (canceled === undefined) {
      await new Promise((settle) => setTimeout(settle, 5));
      expect((await call('POST', `${url}/v1/atomic-node-runs/to-cancel:cancel`)).status).toBe(204);
    }
    expect(canceled).toMatchObject({ state: 'canceled', error: { code: 'canceled' } });
  });

  it('runs one node run once when asked twice at the same time, and no more at once than it may', async () => {
    const twice = [execute('wait', {}, 'same'), execute('wait', {}, 'same')];
    const third = execute('patient', {}, 'third');
    const fourth = execute('patient', {}, 'fourth');
    let answer = await execute('count', { n: 1 });
    while (answer.status === 200) answer = await execute('count', { n: 1 });
    expect(refusal(answer, 503, 'execution_overloaded').retryable).toBe(true);
    expect(answer.headers.get('retry-after')).toBe('1');
    for (const id of ['third', 'fourth']) await call('POST', `${url}/v1/atomic-node-runs/${id}:cancel`);
    await Promise.all([third, fourth]);
    await result('open');
    const outputs = (await Promise.all(twice)).map((done) => conforming(AtomicExecuteResult, done).outputs);
    expect(outputs).toEqual([{ calls: 1 }, { calls: 1 }]);
  });
});

async function writePack(pack: string): Promise<void> {
  await mkdir(join(pack, 'node_modules', '@arp-jarvis'), { recursive: true });
  await symlink(
    join(process.cwd(), 'libs', 'node-pack-sdk'),
    join(pack, 'node_modules', '@arp-jarvis', 'node-pack-sdk'),
  );
  await writeFile(join(pack, 'index.js'), HANDLERS);
  const names = ['count', 'crash', 'deaf', 'liar', 'open', 'patient', 'retryable', 'terminal', 'wait'];
  const nodes = names.map((name) => ({
    id: `acme.odd.${name}`,
    description: name,
    input_schema: name === 'count' ? ODD_INPUT : SCHEMA,
    output_schema: name === 'count' || name === 'liar' ? ODD_INPUT : SCHEMA,
    side_effect: 'read',
    trust_tier: 'third_party',
    idempotent: true,
    ...(name === 'deaf' ? { timeout_ms: 50 } : {}),
  }));
  await writeFile(
    join(pack, 'jarvis.nodepack.json'),
    JSON.stringify({ schema_version: 1, id: 'acme.odd', version: '1.0.0', nodes }),
  );
  await writeFile(
    join(pack, 'package.json'),
    JSON.stringify({
      name: '@acme/odd',
      version: '1.0.0',
      type: 'module',
      jarvis: {
        schemaVersion: 1,
        nodepacks: { 'acme.odd': { entry: './index.js', manifest: './jarvis.nodepack.json' } },
        compat: { sdk: '^0.1.0' },
      },
    }),
  );
}
