import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { closedLoop } from './closed-loop.mjs';
import { atEnd } from './ending.mjs';
import { connectTo } from './http-client.mjs';
import { step } from './progress.mjs';
import { withSuite } from './suite.mjs';

const TOOL = 'bench.upstream';
const VERSION = '1.0.0';
const HANDLER = `
async function run({ url, key }, { http }) {
  const response = await http.fetch(url + '/?key=' + key);
  return await response.json();
}

export default { id: '${TOOL}', version: '${VERSION}', nodes: [{ id: '${TOOL}.get', run }] };
`;

/**
 * What the tool gateway adds to a call: the same requests to an upstream on loopback, straight and through the gateway of the suite, with
 * an agent token, a policy with blocked domains and a response filter, rate limit and call log; nothing is cached, and no key is sent.
 */
export async function measureTools({ postgres, options }) {
  const upstream = await startUpstream();
  const stop = atEnd(() => upstream.stop());
  const connections = Math.max(...options.callers);
  const pack = writePack(postgres.folder);
  const settings = {
    JARVIS_NODEPACK_PATHS: pack,
    JARVIS_NODEPACK_IN_PROCESS: realpathSync(pack),
    JARVIS_EGRESS_ALLOW_PRIVATE: '127.0.0.0/8',
    JARVIS_TOOL_LEGACY_MINTING: 'true',
    JARVIS_TOOL_RATE_LIMIT_PER_MINUTE: '1000000',
    JARVIS_TOOL_MAX_CONCURRENCY: String(connections),
    ...options.set,
  };
  const levels = await withSuite({ postgres, name: 'bench_tools', connections, settings }, async (suite) => {
    const token = await agentToken(suite.toolGateway);
    const straight = connectTo(upstream.origin, connections);
    const measured = [];
    for (const callers of options.callers) {
      step(`tools: the upstream, ${callers} callers`);
      const own = await closedLoop({ callers, seconds: options.seconds, once: () => callUpstream(straight) });
      step(`tools: through the gateway, ${callers} callers`);
      const through = await closedLoop({
        callers,
        seconds: options.seconds,
        once: () => callTool(suite.toolGateway, token, upstream.origin),
        count: () => postgres.transactions(suite.database),
      });
      measured.push({
        callers,
        upstream: { calls_per_second: own.perSecond, call_ms: own.times.call },
        gateway: {
          calls: through.runs,
          calls_per_second: through.perSecond,
          call_ms: through.times.call,
          transactions_per_call: through.counted,
        },
      });
    }
    await straight.close();
    return measured;
  });
  await stop();
  return { levels };
}

let calls = 0;

async function callUpstream(client) {
  calls += 1;
  const key = `k${calls}`;
  const from = performance.now();
  check(key, await client.get(`/?key=${key}`));
  return { call: performance.now() - from };
}

async function callTool(gateway, token, url) {
  calls += 1;
  const key = `k${calls}`;
  const from = performance.now();
  const body = { agent_token: token, tool: TOOL, action: 'get', params: { url, key } };
  const { data } = await gateway.post('/api/proxy-request', body);
  const took = performance.now() - from;
  check(key, data);
  return { call: took };
}

function check(key, data) {
  if (data.key !== key) throw new Error(`the upstream was asked for ${key} and answered ${JSON.stringify(data)}`);
}

async function agentToken(gateway) {
  const { publicKey } = generateKeyPairSync('ed25519');
  const public_key = publicKey.export({ type: 'spki', format: 'pem' });
  const { agent_id } = await gateway.post('/api/create-agent', { name: 'bench', role: 'bench', public_key });
  const scope = `${TOOL}:get`;
  const spec = {
    scopes: [scope],
    guards: { blockedDomains: ['blocked.example'] },
    responseFilters: { redactFields: ['password'] },
  };
  await gateway.post('/api/policies', { name: 'bench', agentId: agent_id, spec });
  const wish = { agent_id, tools: [TOOL], permissions: ['read'], ttl_minutes: 600 };
  return (await gateway.post('/api/generate-token', wish)).agent_token;
}

/** A process of its own would be fairer to the suite; here it shares the one of the load generator. */
async function startUpstream() {
  const server = createServer((request, response) => {
    const key = new URL(request.url, 'http://upstream').searchParams.get('key');
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ key, text: 'x'.repeat(200) }));
  });
  server.keepAliveTimeout = 60_000;
  await new Promise((settle) => server.listen(0, '127.0.0.1', settle));
  const stop = async () => {
    const closed = new Promise((settle) => server.close(settle));
    server.closeAllConnections();
    await closed;
  };
  return { origin: `http://127.0.0.1:${server.address().port}`, stop };
}

function writePack(root) {
  const folder = join(root, 'bench-pack');
  mkdirSync(folder, { recursive: true });
  const entry = { entry: './index.js', manifest: './jarvis.nodepack.json' };
  const jarvis = { schemaVersion: 1, nodepacks: { [TOOL]: entry }, compat: { sdk: '^0.1.0' } };
  const node = {
    id: `${TOOL}.get`,
    description: 'Asks the upstream of the bench.',
    input_schema: {
      type: 'object',
      properties: { url: { type: 'string', format: 'uri' }, key: { type: 'string' } },
      required: ['url', 'key'],
    },
    output_schema: { type: 'object' },
    side_effect: 'read',
    trust_tier: 'third_party',
    idempotent: true,
    egress: ['*:*'],
  };
  const files = {
    'package.json': { name: '@bench/upstream', version: VERSION, type: 'module', jarvis },
    'jarvis.nodepack.json': { schema_version: 1, id: TOOL, version: VERSION, nodes: [node] },
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content));
  writeFileSync(join(folder, 'index.js'), HANDLER);
  return folder;
}
