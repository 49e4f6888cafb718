import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '#config';
import { AtomicExecuteResult, Health } from '#contract';
import type { NodePack } from '#contract';
import { listen } from '#http';
import { createAtomicExecutor } from '../../apps/atomic-executor/src/atomic-executor.app.js';
import { atomicExecutorSettings } from '../../apps/atomic-executor/src/atomic-executor.config.js';
import { call, conforming } from './http.js';

/** Handlers of a stranger, by name: what each does to the process that runs it. */
const HANDLERS: Readonly<Record<string, string>> = {
  good: '(inputs) => ({ got: inputs })',
  patient: '(_, ctx) => new Promise((settle) => { ctx.signal.addEventListener("abort", () => settle({})); })',
  spin: '() => { for (;;); }',
  deaf: '() => new Promise(() => { setInterval(() => {}, 1000); })',
  heap: '() => { const all = []; for (;;) all.push(new Array(10000).fill({}).map(() => ({}))); }',
  buffers:
    'async () => { const all = []; for (;;) { all.push(Buffer.alloc(8e6, 1)); await new Promise((s) => setTimeout(s, 5)); } }',
  exit: '() => process.exit(0)',
  late: '() => new Promise(() => { setTimeout(() => { throw new Error("secret=hunter2"); }, 5); })',
  reject: '() => new Promise(() => { Promise.reject(new Error("secret=hunter2")); })',
  talk: '() => { for (let i = 0; i < 2e5; i += 1) console.log("x".repeat(100)); return {}; }',
  large: '() => ({ text: "x".repeat(2e7) })',
  files: 'async () => ({ text: (await import("node:fs")).readFileSync("/etc/passwd", "utf8") })',
  spawn: 'async () => ({ text: String((await import("node:child_process")).execSync("id")) })',
  env: '() => ({ env: Object.keys(process.env) })',
};

describe('packs of strangers', () => {
  let folder: string;
  let url: string;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'arp-isolated-'));
    await writePack(join(folder, 'odd'), 'acme.odd');
    await writePack(join(folder, 'other'), 'acme.other');
    const executor = await createAtomicExecutor(
      readSettings(atomicExecutorSettings, {
        ARP_AUTH_PROFILE: 'dev-insecure',
        LOG_LEVEL: 'silent',
        JARVIS_NODEPACK_PATHS: folder,
        JARVIS_NODEPACK_STRICT: 'true',
        JARVIS_NODEPACK_MEMORY_MB: '256',
        JARVIS_NODEPACK_MAX_PROCESSES: '2',
        JARVIS_CANCEL_GRACE_MS: '100',
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
  const run = async (name: string, { pack = 'acme.odd', id = `i${(count += 1)}`, wallTimeMs = 20_000 } = {}) =>
    conforming(
      AtomicExecuteResult,
      await call('POST', `${url}/v1/atomic-node-runs:execute`, {
        node_run_id: id,
        run_id: 'r',
        node_type_ref: { node_type_id: `${pack}.${name}`, version: '1.0.0' },
        inputs: {},
        constraints: { budgets: { max_wall_time_ms: wallTimeMs } },
      }),
    );
  const cancel = (id: string) => call('POST', `${url}/v1/atomic-node-runs/${id}:cancel`);

  it('run in processes of their own, as the list says', async () => {
    const { body } = await call<NodePack[]>('GET', `${url}/v1/node-packs`);
    const of = (packId: string) => body.find(({ pack_id }) => pack_id === packId)?.isolation;
    expect([of('jarvis.core'), of('acme.odd'), of('acme.other')]).toEqual(['in_process', 'process', 'process']);
    expect((await run('env')).outputs).toEqual({ env: [] });
  });

  it.each([
    ['spin', { state: 'failed', error: { code: 'timeout' } }, 300],
    ['deaf', { state: 'failed', error: { code: 'timeout' } }, 300],
    ['heap', { state: 'failed', error: { code: 'handler_crashed', retryable: true } }, 20_000],
    ['buffers', { state: 'failed', error: { code: 'handler_crashed' } }, 20_000],
    ['exit', { state: 'failed', error: { code: 'handler_crashed' } }, 20_000],
    ['late', { state: 'failed', error: { code: 'handler_crashed' } }, 20_000],
    ['reject', { state: 'failed', error: { code: 'handler_crashed' } }, 20_000],
    ['talk', { state: 'succeeded' }, 20_000],
    ['large', { state: 'failed', error: { code: 'outputs_too_large' } }, 20_000],
    ['files', { state: 'failed', error: { code: 'handler_error' } }, 20_000],
    ['spawn', { state: 'failed', error: { code: 'handler_error' } }, 20_000],
  ] as const)('%s hurts its own node run only', async (name, expected, wallTimeMs) => {
    // One of the same pack and one of another are at work all the time.
    const neighbours = [run('patient', { id: `n-${name}` }), run('patient', { id: `o-${name}`, pack: 'acme.other' })];
    const ended = await run(name, { wallTimeMs });
    expect(ended).toMatchObject(expected);
    expect(JSON.stringify(ended)).not.toContain('hunter2');
    await Promise.all([cancel(`n-${name}`), cancel(`o-${name}`)]);
    for (const neighbour of await Promise.all(neighbours)) expect(neighbour.state).toBe('canceled');
    expect(await run('good')).toMatchObject({ state: 'succeeded', outputs: { got: {} } });
    expect(conforming(Health, await call('GET', `${url}/v1/health`)).status).toBe('ok');
  });

  it('a cancel ends a handler that spins', async () => {
    const spinning = run('spin', { id: 'spinning' });
    for (let ended = false; !ended;) {
      await cancel('spinning');
      ended = await Promise.race([
        spinning.then(() => true),
        new Promise<false>((s) => setTimeout(() => s(false), 20)),
      ]);
    }
    expect(await spinning).toMatchObject({ state: 'canceled', error: { code: 'canceled' } });
    expect((await run('good')).state).toBe('succeeded');
  });
});

async function writePack(folder: string, packId: string): Promise<void> {
  await mkdir(join(folder, 'node_modules', '@arp-jarvis'), { recursive: true });
  const sdk = join(process.cwd(), 'libs', 'node-pack-sdk');
  await symlink(sdk, join(folder, 'node_modules', '@arp-jarvis', 'node-pack-sdk'));
  const object = { type: 'object' };
  const nodes = Object.entries(HANDLERS).map(
    ([name, run]) =>
      `defineNode({ id: '${packId}.${name}', description: '${name}', input: ${JSON.stringify(object)}, output: ${JSON.stringify(object)}, run: ${run} })`,
  );
  await writeFile(
    join(folder, 'index.js'),
    `import { defineNode, definePack } from '@arp-jarvis/node-pack-sdk';
export default definePack({ id: '${packId}', version: '1.0.0', nodes: [${nodes.join(', ')}] });`,
  );
  const manifest = {
    schema_version: 1,
    id: packId,
    version: '1.0.0',
    nodes: Object.keys(HANDLERS).map((name) => ({
      id: `${packId}.${name}`,
      description: name,
      input_schema: object,
      output_schema: object,
      side_effect: 'write',
      trust_tier: 'third_party',
      idempotent: false,
    })),
  };
  await writeFile(join(folder, 'jarvis.nodepack.json'), JSON.stringify(manifest));
  const packageJson = {
    name: packId,
    version: '1.0.0',
    type: 'module',
    dependencies: { '@arp-jarvis/node-pack-sdk': '*' },
    jarvis: {
      schemaVersion: 1,
      nodepacks: { [packId]: { entry: './index.js', manifest: './jarvis.nodepack.json' } },
      compat: { sdk: '^0.1.0' },
    },
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(packageJson));
}
