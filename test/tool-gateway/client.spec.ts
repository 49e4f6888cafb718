import { inspect } from 'node:util';
import {
  contentIdempotencyKey,
  generateAgentKey,
  generateIdempotencyKey,
  GatewayAuthError,
  GatewayPolicyError,
  GatewayRateLimitError,
  GatewayUpstreamError,
  ToolGatewayClient,
} from '@arp-jarvis/client';
import type { ClientLogEntry, ToolGatewayClientOptions } from '@arp-jarvis/client';
import { inOneProcess } from '../e2e/suites.js';
import type { SuiteUnderTest } from '../e2e/suites.js';
import { call } from '../e2e/http.js';
import { prepareAgent } from './prepared-agent.js';
import type { AgentWishes, PreparedAgent } from './prepared-agent.js';

const SCOPES = ['serpapi:search', 'http_fetch:get', 'openai:chat', 'gmail_send:send'];
const MAIL = { to: 'user@example.com', subject: 'Test email', body: 'Hello world!' };

interface Sent {
  readonly id: string;
}

/** Each line of the seed's README (004), said in TypeScript, against the gateway itself with imitated upstreams. */
describe('ToolGatewayClient against the tool gateway', () => {
  let suite: SuiteUnderTest;
  let gateway: string;
  let agent: PreparedAgent;
  const clients: ToolGatewayClient[] = [];
  const connect = (who: PreparedAgent, options: Partial<ToolGatewayClientOptions> = {}): ToolGatewayClient => {
    const client = new ToolGatewayClient({
      baseUrl: gateway,
      agentId: who.id,
      agentPrivateKey: who.privateKey,
      timeoutMs: 60_000,
      ...options,
    });
    clients.push(client);
    return client;
  };
  const prepared = (wishes: Partial<AgentWishes> = {}) => prepareAgent(gateway, { scopes: SCOPES, ...wishes });
  const logged = async (who: PreparedAgent) =>
    (
      await call<{ logs: { tool: string; corrId: string; success: boolean }[] }>(
        'GET',
        `${gateway}/api/proxy/logs?agent_id=${who.id}`,
      )
    ).body.logs;

  beforeAll(async () => {
    suite = await inOneProcess({ UPSTREAM_MODE: 'mock', JARVIS_TOOL_RATE_LIMIT_PER_MINUTE: '20' });
    gateway = suite.toolGateway ?? '';
    agent = await prepared();
  });
  afterAll(async () => {
    for (const client of clients) await client.close();
    await suite.stop();
  });

  it('quickstart: a token for 15 minutes, and a search with it', async () => {
    const client = connect(agent, { defaultIntent: 'lead_discovery' });
    const token = await client.getToken({ tools: ['serpapi'], permissions: ['read'], ttlMinutes: 15 });
    const results = await client.proxy<{ organic_results: object[] }>(
      'serpapi',
      'search',
      { q: 'site:linkedin.com Montreal plumber', engine: 'google' },
      token,
    );
    expect(results.organic_results.length).toBeGreaterThan(0);
  });

  it('proxy fetches a token by itself', async () => {
    await expect(connect(agent).proxy('serpapi', 'search', { q: 'openai canada' })).resolves.toBeInstanceOf(Object);
  });

  it.each(['EdDSA', 'ES256', 'RS256'] as const)('the agent signs with a %s key, which never leaves it', async (alg) => {
    const { privateKeyPem, publicKeyPem } = await generateAgentKey({ alg });
    const { body } = await call<{ agent_id: string }>('POST', `${gateway}/api/create-agent`, {
      name: alg,
      role: 'tester',
      public_key: publicKeyPem,
    });
    await call('POST', `${gateway}/api/policies`, {
      name: alg,
      agentId: body.agent_id,
      spec: { scopes: ['serpapi:search'] },
    });
    const client = connect({ id: body.agent_id, privateKey: privateKeyPem });
    await expect(client.proxy('serpapi', 'search', { q: 'x' })).resolves.toBeInstanceOf(Object);
    await expect(
      connect({ id: body.agent_id, privateKey: agent.privateKey }).proxy('serpapi', 'search', { q: 'x' }),
    ).rejects.toBeInstanceOf(GatewayAuthError);
  });

  it('setIntent: a policy that demands an intent sees it', async () => {
    const wary = await prepared({ spec: { intent: 'lead_discovery' } });
    const client = connect(wary);
    await expect(client.proxy('serpapi', 'search', { q: 'x' })).rejects.toMatchObject({ reason: 'intent_required' });
    client.setIntent('shopping');
    await expect(client.proxy('serpapi', 'search', { q: 'x' })).rejects.toMatchObject({ reason: 'intent_mismatch' });
    client.setIntent('lead_discovery');
    await expect(client.proxy('serpapi', 'search', { q: 'x' })).resolves.toBeInstanceOf(Object);
  });

  it('proxyAsync and getJob: queued or running, then done', async () => {
    const client = connect(agent);
    const { jobId } = await client.proxyAsync('gmail_send', 'send', MAIL);
    expect(['queued', 'running', 'done']).toContain((await client.getJob(jobId)).status);
    const job = await client.waitForJob<Sent>(jobId, { pollMs: 50 });
    expect(job).toMatchObject({ jobId, status: 'done', result: { id: expect.any(String) } });
  });

  it('a job is its agent’s alone', async () => {
    const { jobId } = await connect(agent).proxyAsync('gmail_send', 'send', MAIL);
    await expect(connect(await prepared()).getJob(jobId)).rejects.toMatchObject({ status: 404, code: 'job_not_found' });
  });

  it('GatewayAuthError: a token that is none, and one that was revoked', async () => {
    const client = connect(agent);
    await expect(client.proxy('serpapi', 'search', { q: 'x' }, 'a.b.c')).rejects.toBeInstanceOf(GatewayAuthError);
    const token = await client.getToken({ tools: ['serpapi'], permissions: ['read'] });
    await client.proxy('serpapi', 'search', { q: 'x' }, token);
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
    await call('POST', `${gateway}/api/tokens/${jti}/revoke`, {});
    await expect(client.proxy('serpapi', 'search', { q: 'x' }, token)).rejects.toMatchObject({
      name: 'GatewayAuthError',
      code: 'agent_token_revoked',
    });
  });

  it('a token that the client fetched itself and that was revoked ends one call; the next has a new one', async () => {
    const who = await prepared();
    const client = connect(who);
    await client.proxy('serpapi', 'search', { q: 'x' });
    const { body } = await call<{ tokens: { token_id: string }[] }>('GET', `${gateway}/api/tokens/${who.id}`);
    expect(body.tokens).toHaveLength(1);
    for (const { token_id } of body.tokens) await call('POST', `${gateway}/api/tokens/${token_id}/revoke`, {});
    await expect(client.proxy('serpapi', 'search', { q: 'x' })).rejects.toMatchObject({ code: 'agent_token_revoked' });
    await expect(client.proxy('serpapi', 'search', { q: 'x' })).resolves.toBeInstanceOf(Object);
  });

  it('GatewayPolicyError: outside the scopes, and outside what the token covers', async () => {
    const reader = await prepared({ scopes: ['serpapi:search'] });
    const client = connect(reader);
    const denied = await client
      .proxy('http_fetch', 'get', { url: 'https://example.com' })
      .catch((error: unknown) => error);
    expect(denied).toBeInstanceOf(GatewayPolicyError);
    expect(denied).toMatchObject({ status: 403, code: 'tool_policy_denied', reason: 'scope_not_allowed' });
    const token = await client.getToken({ tools: ['serpapi'], permissions: ['read'] });
    await expect(client.proxy('gmail_send', 'send', MAIL, token)).rejects.toMatchObject({ code: 'tool_not_permitted' });
  });

  it('GatewayRateLimitError: with the seconds to wait', async () => {
    const busy = await prepared();
    const client = connect(busy, { retry: { retries: 0 } });
    const calls = await Promise.allSettled(
      Array.from({ length: 21 }, (_, at) => client.proxy('serpapi', 'search', { q: `query ${at}` })),
    );
    const refused = calls.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    const limited = refused.filter((error) => error instanceof GatewayRateLimitError);
    expect(limited.length).toBeGreaterThan(0);
    for (const { retryAfter } of limited) expect(Number.isInteger(retryAfter) && Number(retryAfter) > 0).toBe(true);
  });

  it('GatewayUpstreamError: the service behind the tool fails', async () => {
    const client = connect(await prepared(), { retry: { retries: 0 } });
    await expect(client.proxy('serpapi', 'search', { q: 'mock:500' })).rejects.toBeInstanceOf(GatewayUpstreamError);
  });

  it('the same idempotency key is the same mail, in params as the README has it and as an option', async () => {
    const client = connect(agent);
    const idempotency_key = generateIdempotencyKey();
    const first = await client.proxy<Sent>('gmail_send', 'send', { ...MAIL, idempotency_key });
    const again = await client.proxy<Sent>('gmail_send', 'send', { ...MAIL, idempotency_key });
    const option = await client.proxyWithMetadata<Sent>('gmail_send', 'send', MAIL, {
      idempotencyKey: idempotency_key,
    });
    expect([again.id, option.data.id]).toEqual([first.id, first.id]);
    expect(option.metadata.idempotentReplay).toBe(true);
    await expect(
      client.proxy('gmail_send', 'send', { ...MAIL, subject: 'Another', idempotency_key }),
    ).rejects.toMatchObject({ status: 409, code: 'idempotency_conflict' });
    const key = await contentIdempotencyKey({ tool: 'gmail_send', action: 'send', params: MAIL });
    await expect(client.proxy('gmail_send', 'send', MAIL, { idempotencyKey: key })).resolves.toBeInstanceOf(Object);
  });

  it('token rotation: a recommended one is fetched and used from then on', async () => {
    const client = connect(await prepared());
    const short = await client.getToken({ tools: ['serpapi'], permissions: ['read'], ttlMinutes: 1 });
    const uses: string[] = [];
    const spying = connect(agent, {
      fetch: async (url, init) => {
        const sent = new Headers(init?.headers).get('authorization') ?? JSON.parse(String(init?.body))['agent_token'];
        if (url.endsWith('/api/proxy-request')) uses.push(String(sent));
        const answer = await fetch(url, init);
        const headers = new Headers(answer.headers);
        headers.set('x-token-rotation-recommended', 'true');
        return new Response(await answer.arrayBuffer(), { status: answer.status, headers });
      },
    });
    await spying.proxy('serpapi', 'search', { q: 'x' });
    await spying.proxy('serpapi', 'search', { q: 'x' });
    expect(new Set(uses).size).toBe(2);
    expect(short.split('.')).toHaveLength(3);
  });

  it('correlation ids: one for a call, found in the log of the gateway', async () => {
    const quiet = await prepared();
    await connect(quiet).proxy('serpapi', 'search', { q: 'x' }, { correlationId: 'audit-7' });
    expect(await logged(quiet)).toEqual([
      expect.objectContaining({ tool: 'serpapi', corrId: 'audit-7', success: true }),
    ]);
  });

  it('parameters are masked in the client’s log, and the key is nowhere', async () => {
    const entries: ClientLogEntry[] = [];
    const client = connect(agent, { logger: (entry: ClientLogEntry) => void entries.push(entry) });
    await client
      .proxy('http_fetch', 'get', { url: 'https://example.com', headers: { authorization: 'Bearer sesame' } })
      .catch(() => undefined);
    const text = inspect(entries, { depth: 10 });
    expect(entries.length).toBeGreaterThan(0);
    expect(text).toContain('http_fetch');
    expect(text).not.toMatch(/sesame|PRIVATE KEY/);
    expect(inspect(client, { depth: 10 })).not.toContain('sesame');
  });

  it('proof of possession: a bound token works with its key, and is nothing without', async () => {
    const client = connect(agent, { dpop: true });
    const token = await client.getToken({ tools: ['serpapi'], permissions: ['read'] });
    await expect(client.proxy('serpapi', 'search', { q: 'x' }, token)).resolves.toBeInstanceOf(Object);
    await expect(connect(agent).proxy('serpapi', 'search', { q: 'x' }, token)).rejects.toMatchObject({
      code: 'dpop_proof_invalid',
    });
  });

  it('the async context manager: await using closes it', async () => {
    let kept: ToolGatewayClient;
    {
      await using client = new ToolGatewayClient({
        baseUrl: gateway,
        agentId: agent.id,
        agentPrivateKey: agent.privateKey,
      });
      kept = client;
      await client.proxy('serpapi', 'search', { q: 'test' });
    }
    await expect(kept.proxy('serpapi', 'search', { q: 'test' })).rejects.toThrow(/closed/);
  });
});
