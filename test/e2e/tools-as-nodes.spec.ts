import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '#config';
import { Health, NodeRun, Run } from '#contract';
import { freePort, startProcess, untilServing } from '#testing';
import { createAtomicExecutor } from '../../apps/atomic-executor/src/atomic-executor.app.js';
import { atomicExecutorSettings } from '../../apps/atomic-executor/src/atomic-executor.config.js';
import { CleanUp, errorOf, startRun, untilRunEnds } from './coordinators.js';
import { call, conforming } from './http.js';
import { StubPeer } from './stub-peers.js';
import { BINDINGS } from './suites.js';
import type { SuiteUnderTest } from './suites.js';

/** How a run of one node ends, through gateway and coordinator. */
async function runOfNode(gateway: string, coordinator: string, node_type_id: string, input: object, rest: object = {}) {
  const root_node_type_ref = { node_type_id, version: node_type_id.startsWith('acme.') ? '1.0.0' : '0.1.0' };
  const started = conforming(Run, await call('POST', `${gateway}/v1/runs`, { root_node_type_ref, input, ...rest }));
  const events = await untilRunEnds(coordinator, started);
  const nodeRun = conforming(NodeRun, await call('GET', `${coordinator}/v1/node-runs/${started.root_node_run_id}`));
  return { nodeRun, events, runId: started.run_id };
}

describe.each(BINDINGS)('tools as nodes of a run with UPSTREAM_MODE=mock, %s', (_, startSuite) => {
  let suite: SuiteUnderTest;
  beforeAll(async () => {
    suite = await startSuite({ UPSTREAM_MODE: 'mock' });
  });
  afterAll(async () => suite.stop());

  const run = (nodeTypeId: string, input: object, rest: object = {}) =>
    runOfNode(suite.gateway, suite.coordinator, nodeTypeId, input, rest);
  const narrowedBy = (egress: unknown) => ({ constraints: { extensions: { 'jarvis.egress': egress } } });

  it('jarvis.serpapi.search finds something, and shows no key', async () => {
    const { nodeRun, events } = await run('jarvis.serpapi.search', { q: 'coffee', num: 2 });
    expect(nodeRun).toMatchObject({
      state: 'succeeded',
      outputs: { organic_results: [{ position: 1, title: 'coffee: result 1' }, { position: 2 }] },
    });
    expect(JSON.stringify([nodeRun, events])).not.toMatch(/api_key|mock-credential/);
  });

  it('jarvis.gmail_send.send sends a mail once', async () => {
    const { nodeRun } = await run('jarvis.gmail_send.send', { to: 'ann@example.com', subject: 'Hello', body: 'Hello' });
    expect(nodeRun).toMatchObject({ state: 'succeeded', outputs: { id: expect.any(String), label_ids: ['SENT'] } });
    const broken = await run('jarvis.gmail_send.send', { to: 'mock-broken@example.com', subject: 'x', body: 'x' });
    expect(errorOf(broken.nodeRun)).toMatchObject({ code: 'outcome_unknown', retryable: false });
    expect(broken.events.filter(({ type }) => type === 'atomic_executed')).toHaveLength(1);
  });

  it('jarvis.openai.chat and jarvis.http_fetch.get answer', async () => {
    const chat = await run('jarvis.openai.chat', { messages: [{ role: 'user', content: 'Hi' }] });
    expect(chat.nodeRun.outputs).toMatchObject({ choices: [{ message: { content: 'Mock answer to: Hi' } }] });
    const page = await run('jarvis.http_fetch.get', { url: 'https://example.com/status/503' });
    expect(page.nodeRun).toMatchObject({ state: 'succeeded', outputs: { status: 503 } });
  });

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://2130706433/',
    'http://[::ffff:7f00:1]/',
    'http://example.com/redirect?to=http://0x7f000001/',
  ])('%s is not reached', async (url) => {
    const { nodeRun } = await run('jarvis.http_fetch.get', { url });
    expect(errorOf(nodeRun)).toMatchObject({ code: 'egress_denied', retryable: false });
  });

  it('a run reaches no more than its constraints let it', async () => {
    const url = 'http://example.com/redirect?to=http://other.example/';
    const both = { allow: ['example.com', 'other.example'] };
    expect((await run('jarvis.http_fetch.get', { url }, narrowedBy(both))).nodeRun.state).toBe('succeeded');
    for (const egress of [{ allow: ['example.com'] }, { block: ['other.example'] }, { allow: [] }]) {
      const { nodeRun } = await run('jarvis.http_fetch.get', { url }, narrowedBy(egress));
      expect(errorOf(nodeRun)).toMatchObject({ code: 'egress_denied' });
    }
    const { nodeRun } = await run('jarvis.http_fetch.get', { url }, narrowedBy({ allow: 'example.com' }));
    expect(errorOf(nodeRun)).toMatchObject({ code: 'invalid_constraints', retryable: false });
  });

  it('a node whose pack imitates nothing fails with a sentence', async () => {
    const { nodeRun } = await run('jarvis.web.get', { url: 'https://example.com/' });
    expect(errorOf(nodeRun)).toMatchObject({ code: 'mock_upstream_missing', retryable: false });
  });
});

describe('UPSTREAM_MODE=mock', () => {
  it.each([
    { ARP_AUTH_PROFILE: 'enterprise', ARP_AUTH_ISSUER: 'https://login.example.com/', ARP_AUTH_AUDIENCE: 'a' },
    { ARP_AUTH_PROFILE: 'prod', ARP_AUTH_ISSUER: 'https://login.example.com/', ARP_AUTH_AUDIENCE: 'a' },
  ])('is refused in production: %j', async (env) => {
    const settings = { ...env, LOG_LEVEL: 'silent', UPSTREAM_MODE: 'mock' };
    await expect(createAtomicExecutor(readSettings(atomicExecutorSettings, settings))).rejects.toThrow(
      /UPSTREAM_MODE: mock is for tests and demonstrations/,
    );
  });
});

const CANARY = 'canary-5d1f8e2b7c';

/** Handlers that say a credential wherever they can. */
const LEAKY: Readonly<Record<string, string>> = {
  outputs: `async (_, ctx) => { const key = await ctx.credentials.get('acme.leaky'); return { key, ['in ' + key]: [key], url: 'https://a.example/?k=' + encodeURIComponent(key), length: key.length }; }`,
  talks: `async (_, ctx) => { const key = await ctx.credentials.get('acme.leaky'); ctx.logger.warn('key ' + key, { key }); console.log('printed ' + key); console.error(key); ctx.progress({ message: key }); await ctx.artifacts.put(key, { name: key }); return {}; }`,
  fails: `async (_, ctx) => { const key = await ctx.credentials.get('acme.leaky'); throw new TerminalError('bad ' + key, { code: 'bad_key', details: { key }, cause: new Error(key) }); }`,
  crashes: `async (_, ctx) => { const key = await ctx.credentials.get('acme.leaky'); throw new TypeError('bug ' + key); }`,
  dies: `async (_, ctx) => { const key = await ctx.credentials.get('acme.leaky'); setTimeout(() => { throw new Error('late ' + key); }, 5); return new Promise(() => undefined); }`,
  others: `async (_, ctx) => ({ key: await ctx.credentials.get('serpapi') })`,
};

describe('a credential of the tool gateway', () => {
  const cleanUp = new CleanUp();
  const queries: object[] = [];
  let folder: string;
  let coordinator: string;
  let executor: string;
  let output: () => string;
  let gateway: StubPeer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'arp-leaky-'));
    cleanUp.add(folder, (path) => rm(path, { recursive: true, force: true }));
    await writeLeakyPack(join(folder, 'leaky'));
    gateway = new StubPeer((line, body, response, { authorization }) => {
      const send = (status: number, answer: object) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      };
      if (line === 'GET /v1/health') return send(200, { status: 'ok', time: new Date().toISOString() });
      if (line !== 'POST /v1/credentials:read' || authorization !== 'Bearer token-for-the-gateway') {
        return send(401, { error: { code: 'unauthorized', message: 'No.', retryable: false } });
      }
      const query = JSON.parse(body) as { name: string };
      queries.push(query);
      if (query.name === 'acme.leaky') return send(200, { name: query.name, version: '3', secret: CANARY });
      return send(404, { error: { code: 'credential_not_found', message: 'None.', retryable: false } });
    });
    await gateway.start();
    cleanUp.add(gateway, (peer) => peer.stop());
    const port = await freePort();
    executor = `http://127.0.0.1:${port}`;
    const process = startProcess(['dist/apps/atomic-executor/src/main.js', '--port', String(port)], {
      ARP_AUTH_PROFILE: 'dev-insecure',
      LOG_LEVEL: 'trace',
      JARVIS_NODEPACK_PATHS: folder,
      JARVIS_ARTIFACTS_DIR: join(folder, 'artifacts'),
      JARVIS_TOOL_GATEWAY_URL: gateway.url,
      JARVIS_TOOL_GATEWAY_BEARER_TOKEN: 'token-for-the-gateway',
    });
    cleanUp.add(process, (started) => started.stop());
    output = () => process.output();
    await untilServing(process, executor);
    const database = await cleanUp.database();
    ({ url: coordinator } = await cleanUp.coordinator(database, {
      JARVIS_ATOMIC_EXECUTOR_URL: executor,
      JARVIS_RUN_COORDINATOR_MAX_ATTEMPTS: '1',
    }));
  });
  afterAll(() => cleanUp.run());

  const run = (name: string) => runOfNode(coordinator, coordinator, `acme.leaky.${name}`, {});

  it.each([
    [
      'outputs',
      { outputs: { key: '[credential]', 'in [credential]': ['[credential]'], length: CANARY.length } },
      undefined,
    ],
    ['talks', { outputs: {} }, undefined],
    ['fails', {}, { code: 'bad_key', message: 'bad [credential]', details: { key: '[credential]' } }],
    ['crashes', {}, { code: 'handler_error' }],
    ['dies', {}, { code: 'handler_crashed' }],
  ])('is in nothing that comes of a handler that leaks it: %s', async (name, shown, error) => {
    const { nodeRun, events, runId } = await run(name);
    expect(nodeRun).toMatchObject(shown);
    if (error !== undefined) expect(errorOf(nodeRun)).toMatchObject(error);
    const { body: found } = await call('GET', `${coordinator}/v1/runs/${runId}`);
    expect(JSON.stringify([nodeRun, events, found])).not.toContain(CANARY);
    expect(queries).toContainEqual(expect.objectContaining({ name: 'acme.leaky' }));
  });

  it('is not in the log of the executor, which has what was said around it', async () => {
    const said = ['key [credential]', 'printed [credential]', 'bug [credential]', 'late [credential]'];
    for (let tries = 0; tries < 500 && !said.every((text) => output().includes(text)); tries += 1) {
      await new Promise((settle) => setTimeout(settle, 20));
    }
    for (const text of said) expect(output()).toContain(text);
    expect(output()).not.toContain(CANARY);
    expect(output()).not.toContain('token-for-the-gateway');
  });

  it('is not in the artifacts, and the list of node types says who reads it', async () => {
    const { nodeRun } = await run('talks');
    const [artifact] = nodeRun.output_artifacts ?? [];
    const answer = await fetch(`${executor}/v1/artifacts/${artifact?.id}`);
    expect([answer.status, await answer.text()]).toEqual([200, '[credential]']);
    const { body } = await call<{ node_type_id: string; extensions: object }[]>('GET', `${executor}/v1/node-types`);
    expect(body.find(({ node_type_id }) => node_type_id === 'acme.leaky.talks')?.extensions).toMatchObject({
      'jarvis.credentials': ['acme.leaky', 'serpapi'],
    });
  });

  it('with another name than its pack a stranger does not get; one that is not stored is missing', async () => {
    expect(errorOf((await run('others')).nodeRun)).toMatchObject({ code: 'credential_not_granted', retryable: false });
    expect(queries).not.toContainEqual(expect.objectContaining({ name: 'serpapi' }));
    const search = await runOfNode(
      coordinator,
      coordinator,
      'jarvis.serpapi.search',
      { q: 'x' },
      { run_context: { tenant_id: 't1' } },
    );
    expect(errorOf(search.nodeRun)).toMatchObject({ code: 'credential_missing', retryable: false });
    expect(queries).toContainEqual({ name: 'serpapi', run_id: search.runId, owner: 'tenant:t1' });
  });

  it('cannot be had while the gateway is away, as the health of the executor says', async () => {
    expect(conforming(Health, await call('GET', `${executor}/v1/health`)).status).toBe('ok');
    await gateway.stop();
    const away = await startRun(coordinator, 'jarvis.openai.chat', {
      root_node_type_ref: { node_type_id: 'jarvis.openai.chat', version: '0.1.0' },
      input: { messages: [{ role: 'user', content: 'Hi' }] },
    });
    await untilRunEnds(coordinator, away);
    const nodeRun = conforming(NodeRun, await call('GET', `${coordinator}/v1/node-runs/${away.root_node_run_id}`));
    expect(errorOf(nodeRun)).toMatchObject({ code: 'credential_store_unavailable', retryable: true });
    const { body } = await call<Health>('GET', `${executor}/v1/health`);
    expect(body.status).toBe('degraded');
    expect(JSON.stringify(body)).toContain('tool_gateway');
  });
});

async function writeLeakyPack(folder: string): Promise<void> {
  await mkdir(join(folder, 'node_modules', '@arp-jarvis'), { recursive: true });
  const sdk = join(process.cwd(), 'libs', 'node-pack-sdk');
  await symlink(sdk, join(folder, 'node_modules', '@arp-jarvis', 'node-pack-sdk'));
  const object = { type: 'object' };
  const credentials = ['acme.leaky', 'serpapi'];
  const nodes = Object.entries(LEAKY).map(
    ([name, run]) =>
      `defineNode({ id: 'acme.leaky.${name}', description: '${name}', input: ${JSON.stringify(object)}, output: ${JSON.stringify(object)}, credentials: ${JSON.stringify(credentials)}, run: ${run} })`,
  );
  await writeFile(
    join(folder, 'index.js'),
    `import { defineNode, definePack, TerminalError } from '@arp-jarvis/node-pack-sdk';
export default definePack({ id: 'acme.leaky', version: '1.0.0', nodes: [${nodes.join(', ')}] });`,
  );
  const manifest = {
    schema_version: 1,
    id: 'acme.leaky',
    version: '1.0.0',
    nodes: Object.keys(LEAKY).map((name) => ({
      id: `acme.leaky.${name}`,
      description: name,
      input_schema: object,
      output_schema: object,
      side_effect: 'read',
      trust_tier: 'third_party',
      idempotent: true,
      retry: { max_attempts: 1 },
      credentials,
    })),
  };
  await writeFile(join(folder, 'jarvis.nodepack.json'), JSON.stringify(manifest));
  const nodepacks = { 'acme.leaky': { entry: './index.js', manifest: './jarvis.nodepack.json' } };
  const jarvis = { schemaVersion: 1, nodepacks, compat: { sdk: '^0.1.0' } };
  const packageJson = { name: 'acme-leaky', version: '1.0.0', type: 'module', jarvis };
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ ...packageJson, dependencies: { '@arp-jarvis/node-pack-sdk': '*' } }),
  );
}
