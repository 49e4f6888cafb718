import { ArpClient } from '../suite/arp.client.js';
import {
  GatewayNetworkError,
  GatewayPolicyError,
  GatewayRateLimitError,
  GatewayUpstreamError,
} from '../tool-gateway/gateway-errors.js';
import { ToolGatewayClient } from '../tool-gateway/tool-gateway.client.js';
import { createMockGateway } from './mock-gateway.js';
import type { MockGateway } from './mock-gateway.js';

const retry = { minDelayMs: 1, maxDelayMs: 1 };
const ECHO = { root_node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' }, input: { text: 'hi' } };

describe('mock://', () => {
  let mock: MockGateway;
  let gw: ToolGatewayClient;
  beforeEach(() => {
    mock = createMockGateway({
      tools: {
        'acme.weather:today': ({ city }) => ({ city, degrees: 21 }),
        'acme.weather:fails': () => Promise.reject(new Error('no sky')),
      },
      nodes: {
        'acme.sum': ({ a, b }) => ({ sum: Number(a) + Number(b) }),
        'acme.never': () => new Promise(() => undefined),
      },
      jobLooks: 2,
    });
    gw = new ToolGatewayClient({ baseUrl: mock.baseUrl, agentId: 'test-agent', agentPrivateKey: 'test-key', retry });
  });
  afterEach(() => mock.close());

  it('answers for the four tools without anything being said', async () => {
    const bare = new ToolGatewayClient({
      baseUrl: 'mock://localhost',
      agentId: 'test-agent',
      agentPrivateKey: 'test-key',
    });
    expect(await bare.proxy('serpapi', 'search', { query: 'plumber', num: 2 })).toMatchObject({
      organic_results: [{ position: 1 }, { position: 2 }],
    });
    expect(await bare.proxy('http_fetch', 'get', { url: 'https://example.com' })).toMatchObject({
      status: 200,
      url: 'https://example.com',
    });
    expect(await bare.proxy('openai', 'chat', { messages: [{ role: 'user', content: 'Hi' }] })).toMatchObject({
      choices: [{ message: { content: 'About: Hi' } }],
    });
    expect(await bare.proxy('gmail_send', 'send', { to: 'a@example.com' })).toMatchObject({ label_ids: ['SENT'] });
    await expect(bare.proxy('gmail_send', 'burn')).rejects.toMatchObject({ code: 'unknown_tool' });
  });

  it('answers as it is told, and remembers what it was asked', async () => {
    expect(await gw.proxy('acme.weather', 'today', { city: 'Bern' }, { idempotencyKey: 'k', intent: 'i' })).toEqual({
      city: 'Bern',
      degrees: 21,
    });
    expect(
      (await gw.proxyWithMetadata('acme.weather', 'today', { city: 'Bern' }, { idempotencyKey: 'k' })).metadata
        .idempotentReplay,
    ).toBe(true);
    await expect(gw.proxy('acme.weather', 'fails')).rejects.toThrow('no sky');
    expect(mock.calls[0]).toMatchObject({
      tool: 'acme.weather',
      action: 'today',
      params: { city: 'Bern' },
      idempotencyKey: 'k',
      intent: 'i',
      isAsync: false,
    });
    expect(mock.requests.slice(0, 2)).toEqual(['POST /api/generate-token', 'POST /api/proxy-request']);
  });

  it('plays denials, limits, failures, ended tokens and a rotation', async () => {
    mock.stage(
      'gmail_send:send',
      { kind: 'policy_denied', reason: 'intent_mismatch' },
      { kind: 'rate_limited', retryAfter: 7 },
    );
    await expect(gw.proxy('gmail_send', 'send')).rejects.toMatchObject({
      reason: 'intent_mismatch',
      constructor: GatewayPolicyError,
    });
    await expect(gw.proxy('gmail_send', 'send')).rejects.toMatchObject({
      retryAfter: 7,
      constructor: GatewayRateLimitError,
    });
    mock.stage(
      'gmail_send',
      { kind: 'upstream_error' },
      { kind: 'unreachable' },
      { kind: 'error', status: 409, code: 'idempotency_conflict' },
    );
    await expect(gw.proxy('gmail_send', 'send')).rejects.toBeInstanceOf(GatewayUpstreamError);
    await expect(gw.proxy('gmail_send', 'send')).rejects.toBeInstanceOf(GatewayNetworkError);
    await expect(gw.proxy('gmail_send', 'send')).rejects.toMatchObject({ code: 'idempotency_conflict' });
    mock.stage('*', { kind: 'token_expired' });
    mock.recommendRotation();
    const mints = () => mock.requests.filter((line) => line.endsWith('generate-token')).length;
    expect(mints()).toBe(1);
    await gw.proxy('gmail_send', 'send');
    expect(mints()).toBe(2);
    await gw.proxy('gmail_send', 'send');
    expect(mints()).toBe(3);
    const narrow = await gw.getToken({ tools: ['serpapi'], permissions: ['read'] });
    await expect(gw.proxy('gmail_send', 'send', {}, narrow)).rejects.toMatchObject({ code: 'tool_not_permitted' });
  });

  it('has jobs', async () => {
    const { jobId } = await gw.proxyAsync('acme.weather', 'today', { city: 'Bern' });
    expect((await gw.getJob(jobId)).status).toBe('queued');
    expect((await gw.getJob(jobId)).status).toBe('running');
    expect(await gw.waitForJob(jobId, { pollMs: 1 })).toMatchObject({ status: 'done', result: { degrees: 21 } });
    const failing = await gw.proxyAsync('acme.weather', 'fails');
    expect(await gw.waitForJob(failing.jobId, { pollMs: 1 })).toMatchObject({ status: 'failed', error: 'no sky' });
    await expect(gw.getJob('job_0')).rejects.toMatchObject({ code: 'job_not_found' });
  });

  it('has runs, events, approvals and node types', async () => {
    await using arp = new ArpClient({ baseUrl: mock.baseUrl });
    const sum = await arp.runs.start({
      root_node_type_ref: { node_type_id: 'acme.sum', version: '1.0.0' },
      input: { a: 1, b: 2 },
    });
    expect(await arp.runs.wait(sum.run_id)).toMatchObject({ state: 'succeeded' });
    expect(await arp.nodeRuns.get(sum.root_node_run_id)).toMatchObject({ outputs: { sum: 3 } });
    const echo = await arp.runs.start({ ...ECHO, constraints: { gates: { require_approval: true } } });
    const types: string[] = [];
    for await (const event of arp.runs.events(echo.run_id, { follow: true })) {
      types.push(event.type);
      if (event.type !== 'policy_decided' || types.length > 2) continue;
      for await (const { approval_id } of arp.approvals.list({ state: 'pending', run_id: echo.run_id })) {
        expect(await arp.approvals.approve(approval_id, { comment: 'ok' })).toMatchObject({
          state: 'approved',
          comment: 'ok',
        });
      }
    }
    expect(types).toEqual([
      'run_started',
      'policy_decided',
      'policy_decided',
      'node_run_assigned',
      'node_evaluated',
      'run_completed',
    ]);
    const never = await arp.runs.start({
      root_node_type_ref: { node_type_id: 'acme.never', version: '1.0.0' },
      input: {},
    });
    expect(await arp.runs.get(never.run_id)).toMatchObject({ state: 'running' });
    expect(await arp.runs.cancel(never.run_id)).toMatchObject({ state: 'canceled' });
    const pages = [await arp.runs.listPage({ limit: 2 })];
    pages.push(await arp.runs.listPage({ limit: 2, pageToken: pages[0]?.nextPageToken }));
    expect(pages.map(({ items }) => items.map(({ run_id }) => run_id))).toEqual([
      [never.run_id, echo.run_id],
      [sum.run_id],
    ]);
    expect((await arp.nodeTypes.list()).map(({ node_type_id }) => node_type_id)).toContain('acme.sum');
    await expect(arp.runs.get('nope')).rejects.toMatchObject({ code: 'run_not_found' });
    const again = { ...ECHO, run_id: 'mine' };
    expect((await arp.runs.start(again)).run_id).toBe((await arp.runs.start(again)).run_id);
    await expect(arp.runs.start({ ...again, input: {} })).rejects.toMatchObject({ code: 'run_already_exists' });
  });

  it('has one mock for a name', () => {
    const named = createMockGateway({ name: 'one' });
    expect(named.baseUrl).toBe('mock://one');
    expect(() => createMockGateway({ name: 'one' })).toThrow(/already/);
    named.close();
    createMockGateway({ name: 'one' }).close();
  });
});
