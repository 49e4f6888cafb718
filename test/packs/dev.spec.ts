import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSettings } from '#config';
import { listen } from '#http';
import { createAtomicExecutor } from '../../apps/atomic-executor/src/atomic-executor.app.js';
import { atomicExecutorSettings } from '../../apps/atomic-executor/src/atomic-executor.config.js';

const TOOL = fileURLToPath(new URL('../../libs/node-pack-sdk/bin/jarvis-node-pack.js', import.meta.url));

/** Plain JavaScript, so that nothing has to be installed. */
function packCode(run: string, version = '1.0.0'): string {
  return `const NUMBER = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'], additionalProperties: false };
export default { id: 'acme.dev', version: '${version}', nodes: [{
  id: 'acme.dev.work', description: 'Works.', sideEffect: 'read', trustTier: 'third_party', idempotent: true, timeoutMs: 20_000,
  input: NUMBER, output: NUMBER, examples: [{ inputs: { n: 1 } }],
  run: async (inputs, ctx) => { ${run} },
}] };`;
}

let folder: string;
let dev: ChildProcess | undefined;
let printed: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'jarvis-dev-')));
  printed = '';
});

afterEach(async () => {
  if (dev !== undefined && dev.exitCode === null) {
    dev.kill('SIGKILL');
    await once(dev, 'close');
  }
  dev = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function write(path: string, content: string | object): void {
  writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
}

function writePackage(more: object = {}): void {
  const nodepacks = { 'acme.dev': { entry: './index.js', manifest: './jarvis.nodepack.json' } };
  const jarvis = { schemaVersion: 1, nodepacks, compat: { sdk: '^0.1.0' } };
  write('package.json', { name: 'acme-dev', version: '1.0.0', type: 'module', jarvis, ...more });
}

async function printing(what: RegExp): Promise<RegExpExecArray> {
  const givenUp = Date.now() + 60_000;
  for (;;) {
    const found = what.exec(printed);
    if (found !== null) return found;
    if (Date.now() > givenUp) throw new Error(`it did not print ${String(what)}, but: ${printed}`);
    await new Promise((settle) => setTimeout(settle, 20));
  }
}

/** @returns where it serves */
async function start(...flags: string[]): Promise<string> {
  dev = spawn(process.execPath, [TOOL, 'dev', '--port', '0', ...flags], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [dev.stdout, dev.stderr]) stream?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  return (await printing(/at (http:\/\/127\.0\.0\.1:\d+);/))[1] ?? '';
}

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

let runs = 0;

async function execute(url: string, inputs: unknown, ref: object = {}): Promise<Record<string, unknown>> {
  runs += 1;
  const response = await post(`${url}/v1/atomic-node-runs:execute`, {
    run_id: 'run',
    node_run_id: `run-${runs}`,
    node_type_ref: { node_type_id: 'acme.dev.work', version: '1.0.0', ...ref },
    inputs,
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

describe('jarvis-node-pack dev', () => {
  it('executes, and loads the pack again when it changes; what is broken leaves the last good version', async () => {
    writePackage();
    write('index.js', packCode('return { n: inputs.n + 1 };'));
    const url = await start();
    await printing(/^ok {3}loaded acme\.dev 1\.0\.0 with acme\.dev\.work$/m);
    expect(printed).toContain(`curl -s ${url}/v1/atomic-node-runs:execute`);
    expect(await execute(url, { n: 1 })).toMatchObject({ state: 'succeeded', outputs: { n: 2 } });

    write('index.js', packCode('return { n: inputs.n + 10 };'));
    await printing(/the manifest is the same, the code is new/);
    expect(await execute(url, { n: 1 })).toMatchObject({ outputs: { n: 11 } });

    write('index.js', 'export default {;');
    await printing(/^fail .*failed.*The last good version keeps serving\.$/m);
    expect(await execute(url, { n: 1 })).toMatchObject({ outputs: { n: 11 } });
    expect(await (await fetch(`${url}/v1/health`)).json()).toMatchObject({ status: 'degraded' });

    write('index.js', packCode('return { n: 0 };').replace('Works.', 'Works well.'));
    await printing(/acme\.dev\.work: description changed/);
    expect(await execute(url, { n: 1 })).toMatchObject({ outputs: { n: 0 } });
    expect(await (await fetch(`${url}/v1/health`)).json()).toMatchObject({ status: 'ok' });
    expect(printed).not.toMatch(/^\s+at /m);

    dev?.kill('SIGTERM');
    expect(await once(dev as ChildProcess, 'close')).toEqual([0, null]);
  });

  it('gives credentials of a file, prints none, and lets the pack answer for what it calls', async () => {
    writePackage();
    const code = packCode(`
      const key = await ctx.credentials.get('acme.dev');
      ctx.logger.info('the key is ' + key);
      const response = await ctx.http.fetch('https://api.test/', { headers: { authorization: key } });
      return { n: Number(await response.text()) };`);
    const mock =
      "export default { mockUpstream: (request) => new Response(String(request.headers.get('authorization').length)),";
    write(
      'index.js',
      code
        .replace('export default {', mock)
        .replace('timeoutMs:', "egress: ['api.test'], credentials: ['acme.dev'], timeoutMs:"),
    );
    write('keys.json', { 'acme.dev': 's3cret-key' });
    const live = await start('--credentials', 'keys.json');
    await printing(/loaded acme\.dev/);
    expect(await execute(live, { n: 1 })).toMatchObject({ state: 'failed' });
    await printing(/info: the key is \[credential\]/);
    dev?.kill('SIGTERM');
    await once(dev as ChildProcess, 'close');
    const firstPrinted = printed;
    printed = '';
    const mocked = await start('--mock');
    await printing(/loaded acme\.dev/);
    expect(await execute(mocked, { n: 1 })).toMatchObject({ outputs: { n: 'mock-credential'.length } });
    expect(firstPrinted + printed).not.toContain('s3cret-key');
  });

  it('answers as an executor does, and survives what a handler does', async () => {
    writePackage();
    write(
      'index.js',
      packCode(`
        if (inputs.n === 1) process.exit(7);
        if (inputs.n === 2) throw new TypeError('no such thing');
        if (inputs.n === 3) return { n: 'three' };
        if (inputs.n === 4) await new Promise(() => undefined);
        ctx.logger.info('adding', { to: inputs.n });
        return { n: inputs.n };`),
    );
    const url = await start();
    await printing(/loaded acme\.dev/);
    expect(await execute(url, { n: 1 })).toMatchObject({ state: 'failed', error: { code: 'handler_crashed' } });
    expect(await execute(url, { n: 2 })).toMatchObject({ state: 'failed', error: { code: 'handler_error' } });
    expect(printed).toContain('TypeError: no such thing');
    expect(await execute(url, { n: 3 })).toMatchObject({
      state: 'failed',
      error: { code: 'invalid_outputs', details: { issues: [{ path: 'n' }] } },
    });
    expect(await execute(url, { n: 'x' })).toMatchObject({
      state: 'failed',
      error: { code: 'invalid_inputs', details: { issues: [{ path: 'n', message: 'must be number' }] } },
      started_at: expect.any(String),
      ended_at: expect.any(String),
    });
    expect(await execute(url, {}, { version: '2.0.0' })).toMatchObject({
      error: { code: 'unknown_node_type_version', details: { available_versions: ['1.0.0'] } },
    });
    expect(await execute(url, {}, { node_type_id: 'acme.dev.rest' })).toMatchObject({
      error: { code: 'unknown_node_type' },
    });

    const running = execute(url, { n: 4 });
    const canceled = setInterval(() => void post(`${url}/v1/atomic-node-runs/run-${runs}:cancel`, {}), 100);
    expect(await running).toMatchObject({ state: 'canceled', error: { code: 'canceled' } });
    clearInterval(canceled);

    expect(await execute(url, { n: 5 })).toMatchObject({ state: 'succeeded', outputs: { n: 5 } });
    expect(printed).toContain('info: adding {"to":5}');
    expect(await (await fetch(`${url}/v1/node-types`)).json()).toMatchObject([
      { node_type_id: 'acme.dev.work', version: '1.0.0', kind: 'atomic' },
    ]);
    expect(await (await fetch(`${url}/v1/version`)).json()).toMatchObject({ supported_api_versions: ['v1'] });
  });

  it('gives what the executor gives', async () => {
    writePackage();
    write(
      'index.js',
      packCode(`
        if (inputs.n === 1) throw Object.assign(new Error('No.'), { kind: 'retryable', code: 'busy', details: { a: 1 } });
        if (inputs.n === 2) return { n: 'two', m: 1 };
        if (inputs.n === 3) return 3;
        if (inputs.n === 4) await new Promise(() => undefined);
        if (inputs.n === 5) await ctx.http.fetch('https://api.example.com/');
        if (inputs.n === 6) ctx.usage.addCost(2);
        if (inputs.n === 7) await ctx.artifacts.put('text');
        if (inputs.n === 8) return { n: 8, more: 'x'.repeat(5_000_000) };
        return { n: ctx.budgets.maxExternalCalls ?? 0 };`),
    );
    const dev = await start();
    await printing(/loaded acme\.dev/);
    const executor = await createAtomicExecutor(
      readSettings(atomicExecutorSettings, {
        ARP_AUTH_PROFILE: 'dev-insecure',
        LOG_LEVEL: 'silent',
        JARVIS_NODEPACK_PATHS: folder,
        JARVIS_ARTIFACTS_DIR: join(folder, 'artifacts'),
      }),
    );
    try {
      const own = await listen(executor, { host: '127.0.0.1', port: 0, portSetting: 'ARP_ATOMIC_EXECUTOR_PORT' });
      const ref = { node_type_id: 'acme.dev.work', version: '1.0.0' };
      const requests = [
        ...[0, 1, 2, 3, 5, 6, 7, 8, 'x', null].map((n) => ({ node_type_ref: ref, inputs: { n } })),
        { node_type_ref: ref, inputs: { n: 1, more: 1 } },
        { node_type_ref: { ...ref, version: '9.9.9' }, inputs: {} },
        { node_type_ref: { ...ref, node_type_id: 'acme.dev.none' }, inputs: {} },
        { node_type_ref: ref, inputs: { n: 4 }, constraints: { budgets: { max_wall_time_ms: 200 } } },
        { node_type_ref: ref, inputs: { n: 0 }, constraints: { budgets: { max_external_calls: 7 } } },
      ];
      for (const [index, request] of requests.entries()) {
        const body = { run_id: 'run', node_run_id: `same-${index}`, ...request };
        const [given, wanted] = await Promise.all(
          [dev, own].map(async (url) => {
            const response = await post(`${url}/v1/atomic-node-runs:execute`, body);
            const result = (await response.json()) as Record<string, unknown>;
            return { status: response.status, ...result, started_at: null, ended_at: null };
          }),
        );
        expect(given).toEqual(wanted);
      }
      const types = async (url: string) =>
        ((await (await fetch(`${url}/v1/node-types`)).json()) as { node_type_id: string }[]).filter(
          ({ node_type_id }) => node_type_id === ref.node_type_id,
        );
      expect(await types(dev)).toEqual(await types(own));
    } finally {
      await executor.stop();
    }
  });

  it('answers bad requests with an error envelope', async () => {
    writePackage();
    write('index.js', packCode('return { n: 1 };'));
    const url = `${await start()}/v1/atomic-node-runs:execute`;
    const answer = async (response: Response) => [
      response.status,
      ((await response.json()) as { error: { code: string } }).error.code,
    ];
    expect(await answer(await post(url, { inputs: [] }))).toEqual([400, 'invalid_request']);
    expect(await answer(await fetch(url, { method: 'POST', body: '{}' }))).toEqual([415, 'unsupported_media_type']);
    const headers = { 'content-type': 'application/json' };
    expect(await answer(await fetch(url, { method: 'POST', headers, body: '{' }))).toEqual([400, 'invalid_request']);
    expect(await answer(await fetch(url))).toEqual([405, 'method_not_allowed']);
    expect(await answer(await fetch(`${url}/more`))).toEqual([404, 'route_not_found']);
  });

  it('runs the build script first, is not woken by what it writes, and tells in a sentence why it failed', async () => {
    const nodepacks = { 'acme.dev': { entry: './out/index.js', manifest: './jarvis.nodepack.json' } };
    writePackage({
      jarvis: { schemaVersion: 1, nodepacks, compat: { sdk: '^0.1.0' } },
      scripts: { build: 'node build.js' },
    });
    write('source.txt', packCode('return { n: 1 };'));
    write(
      'build.js',
      `import { appendFileSync, copyFileSync, mkdirSync, readFileSync } from 'node:fs';
       if (readFileSync('source.txt', 'utf8') === 'broken') { console.log('source.txt(1,1): error TS1005: no.'); process.exit(1); }
       mkdirSync('out', { recursive: true });
       copyFileSync('source.txt', 'out/index.js');
       appendFileSync('builds.txt', 'x');`,
    );
    const url = await start();
    await printing(/loaded acme\.dev/);
    expect(await execute(url, { n: 0 })).toMatchObject({ outputs: { n: 1 } });
    write('source.txt', 'broken');
    await printing(/^fail npm run --silent build failed: source\.txt\(1,1\): error TS1005: no\. The last good/m);
    write('source.txt', packCode('return { n: 2 };'));
    await printing(/the code is new/);
    expect(await execute(url, { n: 0 })).toMatchObject({ outputs: { n: 2 } });
    expect(printed.match(/loaded acme\.dev/g)).toHaveLength(2);
  });

  it('says that the port is taken', async () => {
    writePackage();
    write('index.js', packCode('return { n: 1 };'));
    const { port } = new URL(await start());
    const second = spawn(process.execPath, [TOOL, 'dev', '--port', port], { cwd: folder });
    let said = '';
    second.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    expect((await once(second, 'close'))[0]).toBe(1);
    expect(said).toBe(`error: Port ${port} of 127.0.0.1 is in use; choose another with --port.\n`);
  });
});
