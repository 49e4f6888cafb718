import { cut, FakeGateway, hang, json, refuse, succeed } from '../../test/fake-gateway.js';
import type { ClientLogEntry } from '../transport/transport.js';
import { generateAgentKey } from './agent-key.js';
import {
  GatewayNetworkError,
  GatewayRateLimitError,
  GatewayTimeoutError,
  GatewayUpstreamError,
} from './gateway-errors.js';
import { ToolGatewayClient } from './tool-gateway.client.js';
import type { ToolGatewayClientOptions } from './tool-gateway-options.js';

const CALL = '/api/proxy-request';
const SEND = { to: 'a@example.com', subject: 's', body: 'b' };

describe('repetitions of a call', () => {
  let gateway: FakeGateway;
  let key: string;
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  const client = (more: Partial<ToolGatewayClientOptions> = {}) =>
    new ToolGatewayClient({
      baseUrl: gateway.url,
      agentId: 'agent-1',
      agentPrivateKey: key,
      retry: { minDelayMs: 1, maxDelayMs: 2 },
      ...more,
    });
  const sent = () => gateway.at(CALL);

  beforeAll(async () => {
    key = (await generateAgentKey()).privateKeyPem;
    process.on('unhandledRejection', note);
  });
  afterAll(() => {
    process.off('unhandledRejection', note);
  });
  beforeEach(async () => {
    gateway = await FakeGateway.start();
  });
  afterEach(async () => {
    await gateway.stop();
    await new Promise((settle) => setImmediate(settle));
    expect(unhandled).toEqual([]);
  });

  it.each([
    ['an error of the tool', refuse(502, 'tool_upstream_error')],
    ['an open breaker', refuse(503, 'tool_circuit_open')],
    ['a late tool', refuse(504, 'tool_upstream_timeout')],
    ['too many calls', refuse(429, 'tool_rate_limited')],
    ['a cut connection', cut],
  ])('a read is repeated after %s, with the same correlation id', async (_, failure) => {
    gateway.calls.push(failure, failure, failure);
    expect(await client().proxy('http_fetch', 'get', { url: 'u' })).toEqual({ echo: { url: 'u' } });
    expect(sent()).toHaveLength(4);
    expect(new Set(sent().map(({ headers }) => headers['x-correlation-id'])).size).toBe(1);
    expect(new Set(sent().map(({ headers }) => headers['traceparent'])).size).toBe(1);
  });

  it.each([
    ['an error of the tool', refuse(502, 'tool_upstream_error'), GatewayUpstreamError],
    ['too many calls', refuse(429, 'tool_rate_limited'), GatewayRateLimitError],
    ['a cut connection', cut, GatewayNetworkError],
    ['no answer', hang, GatewayTimeoutError],
  ])('a mail without a key is sent once, whatever happens: %s', async (_, failure, kind) => {
    gateway.calls.push(failure);
    const timeoutMs = failure === hang ? 1_000 : 60_000;
    await expect(client({ timeoutMs }).proxy('gmail_send', 'send', SEND)).rejects.toBeInstanceOf(kind);
    expect(sent()).toHaveLength(1);
  });

  it('a mail with a key is repeated with the same key', async () => {
    gateway.calls.push(cut, refuse(409, 'idempotency_in_progress'), refuse(503, 'tool_overloaded'));
    await client().proxy('gmail_send', 'send', SEND, { idempotencyKey: 'k-1' });
    expect(sent().map(({ headers }) => headers['idempotency-key'])).toEqual(['k-1', 'k-1', 'k-1', 'k-1']);
    gateway.calls.push(cut);
    await client().proxy('gmail_send', 'send', { ...SEND, idempotency_key: 'k-2' });
    expect(
      sent()
        .slice(4)
        .map(({ headers }) => headers['idempotency-key']),
    ).toEqual(['k-2', 'k-2']);
    await client().proxy('gmail_send', 'send', { ...SEND, idempotencyKey: 'a,"b"' });
    expect(sent().at(-1)?.headers['idempotency-key']).toBe('"a,\\"b\\""');
    await expect(client().proxy('gmail_send', 'send', SEND, { idempotencyKey: 'not one\n' })).rejects.toMatchObject({
      code: 'idempotency_key_invalid',
    });
  });

  it.each([
    ['whose outcome is not known', refuse(502, 'tool_outcome_unknown')],
    ['of a tool without a credential', refuse(503, 'tool_not_configured')],
    ['that a policy denies', refuse(403, 'tool_policy_denied')],
    ['with bad params', refuse(400, 'tool_params_invalid')],
    ['that the body says is final', refuse(503, 'x', {}, { retryable: false })],
    ['that broke the gateway', refuse(500, 'internal_error')],
  ])('a read %s is not repeated', async (_, failure) => {
    gateway.calls.push(failure);
    await expect(client().proxy('serpapi', 'search')).rejects.toMatchObject({ retryable: false });
    expect(sent()).toHaveLength(1);
  });

  it('idempotentActions replaces what counts as a read', async () => {
    const gw = client({ idempotentActions: ['acme.weather:today', 'acme.news:*'] });
    gateway.calls.push(cut);
    await gw.proxy('acme.weather', 'today');
    gateway.calls.push(cut);
    await gw.proxy('acme.news', 'latest');
    gateway.calls.push(cut);
    await expect(gw.proxy('serpapi', 'search')).rejects.toBeInstanceOf(GatewayNetworkError);
    expect(sent()).toHaveLength(5);
  });

  it('retries: 0 repeats nothing, and the error after the last attempt is the last one', async () => {
    gateway.calls.push(cut);
    await expect(client({ retry: { retries: 0 } }).proxy('serpapi', 'search')).rejects.toBeInstanceOf(
      GatewayNetworkError,
    );
    gateway.calls.push(cut, refuse(503, 'tool_overloaded'));
    await expect(client({ retry: { retries: 1, minDelayMs: 1 } }).proxy('serpapi', 'search')).rejects.toMatchObject({
      code: 'tool_overloaded',
      correlationId: 'their-id',
    });
    expect(sent()).toHaveLength(3);
  });

  it('each attempt has a time limit of its own, and reaches the server', async () => {
    gateway.calls.push(hang, hang, hang, succeed);
    expect(await client({ timeoutMs: 1_000 }).proxy('serpapi', 'search')).toEqual({ echo: {} });
    expect(sent()).toHaveLength(4);
    gateway.calls.push((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"success":');
    });
    await expect(
      client({ timeoutMs: 5_000, retry: { retries: 0 } }).proxy('serpapi', 'search', {}, { timeoutMs: 100 }),
    ).rejects.toThrow(/within 100 ms/);
  });

  it('a fetch that takes no notice of its signal is left behind', async () => {
    const gw = client({
      fetch: () => new Promise(() => undefined),
      timeoutMs: 20,
      retry: { retries: 1, minDelayMs: 1 },
    });
    await expect(gw.proxy('serpapi', 'search')).rejects.toBeInstanceOf(GatewayTimeoutError);
    const call = gw.proxy('serpapi', 'search', {}, { timeoutMs: Infinity, signal: AbortSignal.timeout(30) });
    await expect(call).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('Retry-After is waited for, as seconds or as a date, unless it is too long', async () => {
    const log: ClientLogEntry[] = [];
    const gw = client({
      logger: (entry) => log.push(entry),
      retry: { minDelayMs: 1, maxDelayMs: 1, maxRetryAfterMs: 4_000 },
    });
    const soon = new Date(Date.now() + 2_000).toUTCString();
    gateway.calls.push(
      refuse(429, 'tool_rate_limited', { 'retry-after': '1' }),
      refuse(503, 'x', { 'retry-after': soon }),
    );
    const startedAt = Date.now();
    await gw.proxy('serpapi', 'search');
    expect(sent()).toHaveLength(3);
    // A lower bound only: that it has waited at all.
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1_000);
    expect(log.filter(({ event }) => event === 'retry')).toHaveLength(2);
    gateway.calls.push(refuse(429, 'tool_quota_exceeded', { 'retry-after': '3600' }));
    await expect(gw.proxy('serpapi', 'search')).rejects.toMatchObject({ retryAfter: 3600, retryable: true });
    gateway.calls.push(refuse(429, 'tool_quota_exceeded', {}, { details: { retry_after: 120.5 } }));
    await expect(gw.proxy('serpapi', 'search')).rejects.toMatchObject({ retryAfter: 121 });
    expect(sent()).toHaveLength(5);
  });

  it('a token is asked for again with a new assertion', async () => {
    gateway.mints.push(cut, refuse(503, 'database_unavailable'));
    await client().proxy('gmail_send', 'send', SEND);
    const assertions = gateway.at('/api/generate-token').map(({ body }) => body['assertion']);
    expect(new Set(assertions).size).toBe(3);
    gateway.mints.push(refuse(401, 'agent_assertion_invalid'));
    await expect(client().proxy('serpapi', 'search')).rejects.toMatchObject({ code: 'agent_assertion_invalid' });
    expect(gateway.at('/api/generate-token')).toHaveLength(4);
    expect(sent()).toHaveLength(1);
  });

  describe('an abort stops at once', () => {
    const reason = new Error('enough');
    const aborted = async (gw: ToolGatewayClient, until: () => boolean) => {
      const abort = new AbortController();
      const call = gw.proxy('serpapi', 'search', {}, { signal: abort.signal });
      const ended = expect(call).rejects.toBe(reason);
      while (!until()) await new Promise((settle) => setTimeout(settle, 5));
      abort.abort(reason);
      await ended;
    };

    it('before anything is sent', async () => {
      await expect(client().proxy('serpapi', 'search', {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(gateway.requests).toEqual([]);
    });

    it('while a token is fetched, which other calls still get', async () => {
      let answer: () => void = () => undefined;
      gateway.mints.push((request, response) => {
        answer = () => void gateway.mint(request, response);
      });
      const gw = client();
      const other = gw.proxy('serpapi', 'search', { n: 1 });
      await aborted(gw, () => gateway.requests.length === 1);
      answer();
      expect(await other).toEqual({ echo: { n: 1 } });
      expect(sent()).toHaveLength(1);
    });

    it('while the gateway is at work', async () => {
      gateway.calls.push(hang);
      await aborted(client(), () => sent().length === 1);
      expect(sent()).toHaveLength(1);
    });

    it('while the answer comes', async () => {
      gateway.calls.push((_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{"success":');
      });
      const log: ClientLogEntry[] = [];
      await aborted(client({ logger: (entry) => log.push(entry) }), () =>
        log.some(({ event, url, status }) => event === 'response' && status === 200 && url.endsWith(CALL)),
      );
      expect(sent()).toHaveLength(1);
    });

    it('in the pause before a repetition, whether of its own or of Retry-After', async () => {
      for (const headers of [{}, { 'retry-after': '20' }]) {
        const log: ClientLogEntry[] = [];
        gateway.calls.push(refuse(503, 'tool_overloaded', headers as Record<string, string>));
        const slow = client({ retry: { minDelayMs: 20_000, maxDelayMs: 20_000 }, logger: (entry) => log.push(entry) });
        await aborted(slow, () => log.some(({ event }) => event === 'retry'));
      }
      expect(sent()).toHaveLength(2);
    });

    it('when the client is closed', async () => {
      gateway.calls.push(hang);
      const gw = client();
      const call = gw.proxy('serpapi', 'search');
      const ended = expect(call).rejects.toMatchObject({ code: 'client_closed' });
      while (sent().length === 0) await new Promise((settle) => setTimeout(settle, 5));
      await gw.close();
      await ended;
    });
  });

  it('the log has each request with its secrets masked, and breaks no call', async () => {
    const log: ClientLogEntry[] = [];
    gateway.calls.push(refuse(503, 'tool_overloaded'));
    await client({ logger: (entry) => log.push(entry) }).proxy('http_fetch', 'get', {
      url: 'https://example.com/?q=1&api_key=hunter2',
      headers: { Authorization: 'Bearer hunter2', 'X-Api-Key': 'hunter2', accept: 'text/html' },
      nested: [{ clientSecret: 'hunter2', password: { is: 'hunter2' }, note: 'Bearer hunter2' }],
      max_tokens: 5,
    });
    expect(log.map(({ event, attempt }) => `${event} ${attempt}`)).toEqual([
      'request 1',
      'response 1',
      'request 1',
      'response 1',
      'error 1',
      'retry 1',
      'request 2',
      'response 2',
    ]);
    expect(log.at(-1)).toMatchObject({
      method: 'POST',
      url: `${gateway.url}${CALL}`,
      tool: 'http_fetch',
      action: 'get',
      status: 200,
      params: {
        url: 'https://example.com/?q=1&api_key=***',
        headers: { Authorization: '***', 'X-Api-Key': '***', accept: 'text/html' },
        nested: [{ clientSecret: '***', password: '***', note: '***' }],
        max_tokens: 5,
      },
    });
    const text = JSON.stringify(log);
    expect(text).not.toContain('hunter2');
    for (const { body, headers } of gateway.requests) {
      for (const secret of [body['assertion'], headers.authorization]) {
        if (typeof secret === 'string') expect(text).not.toContain(secret);
      }
    }
    const broken = client({
      logger: () => {
        throw new Error('disk full');
      },
    });
    expect(await broken.proxy('serpapi', 'search')).toEqual({ echo: {} });
  });

  it('a correlation id and a traceparent of the caller are sent as they are', async () => {
    const gw = client({ traceparent: () => '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' });
    await gw.proxy('serpapi', 'search', {}, { correlationId: 'mine-1' });
    expect(sent()[0]?.headers).toMatchObject({
      'x-correlation-id': 'mine-1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    await expect(gw.proxy('serpapi', 'search', {}, { correlationId: 'a b' })).rejects.toMatchObject({
      code: 'correlation_id_invalid',
    });
  });

  it('metadata of the answer can be had', async () => {
    gateway.calls.push((_, response) =>
      json(response, 200, {
        success: true,
        data: 1,
        metadata: { agent_id: 'a', response_time_ms: 3, cached: true, idempotent_replay: true },
      }),
    );
    expect(await client().proxyWithMetadata('serpapi', 'search')).toEqual({
      data: 1,
      metadata: { agentId: 'a', responseTimeMs: 3, cached: true, idempotentReplay: true },
    });
  });
});
