import { AppError } from '#contract';
import type { AtomicExecutorApi } from '#contract';
import { call } from '../e2e/http.js';
import { flatError, ToolSuite } from './tool-suite.js';
import type { CallingAgent } from './tool-suite.js';

interface Success {
  readonly success: boolean;
  readonly data: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
}

describe('POST /api/proxy-request', () => {
  const suite = new ToolSuite();
  let gateway: string;
  let agent: CallingAgent;
  beforeAll(async () => {
    await suite.start();
    gateway = await suite.gateway();
    agent = await suite.agent(gateway);
  });
  afterAll(() => suite.stop());

  it('answers with the outputs of the action, and says what it was', async () => {
    const answer = await suite.call(gateway, agent, 'first', { headers: { 'x-correlation-id': 'req_1' } });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        success: true,
        data: { key: 'first', count: 1 },
        metadata: {
          agent_id: agent.id,
          agent_name: 'prepared',
          tool: 'test.up',
          action: 'read',
          response_time_ms: expect.any(Number),
          correlation_id: 'req_1',
        },
      },
    });
    expect(answer.headers.get('x-correlation-id')).toBe('req_1');
  });

  it('takes the token from Authorization, null for absent, and intent and proof as the original clients send them', async () => {
    const body = {
      ...{ agent_token: null, token_id: null, intent: null, idempotency_key: null },
      ...{ tool: 'test.up', action: 'read', proof_payload: '{"a":1}', async: false },
      params: { url: suite.upstream.url, key: 'nulls', intent: 'reading', idempotencyKey: 'idemp_1' },
    };
    const authorization = `Bearer ${agent.token}`;
    const answer = await call('POST', `${gateway}/api/proxy-request`, body, { authorization });
    expect(answer.status).toBe(200);
    flatError(
      await call('POST', `${gateway}/api/proxy-request`, { ...body, tool: null }, { authorization }),
      400,
      'invalid_request',
    );
    flatError(
      await call('POST', `${gateway}/api/proxy-request`, { ...body, more: 1 }, { authorization }),
      400,
      'invalid_request',
    );
  });

  it('without a token is 401, and so is a bad one', async () => {
    flatError(await suite.call(gateway, { token: 'a.b' }, 'x'), 401, 'agent_token_invalid');
    const body = { tool: 'test.up', action: 'read', params: {} };
    flatError(await call('POST', `${gateway}/api/proxy-request`, body), 401, 'agent_token_invalid');
    expect(suite.upstream.count('x')).toBe(0);
  });

  it.each([
    ['a tool that there is not', { tool: 'nothing' }, 400, 'unknown_tool'],
    ['an action that there is not', { action: 'nothing' }, 400, 'unknown_tool'],
    ['a missing parameter', { params: { key: undefined } }, 400, 'tool_params_invalid'],
    ['a parameter too many', { params: { other: 1 } }, 400, 'tool_params_invalid'],
    ['a URL that is none', { params: { url: 'not a url' } }, 400, 'tool_params_invalid'],
    ['an idempotency key that is none', { rest: { idempotency_key: '' } }, 400, 'invalid_request'],
    ['keys that differ', { rest: { idempotency_key: 'a' }, params: { idempotency_key: 'b' } }, 400, 'invalid_request'],
  ])('%s is refused', async (_, of, status, code) => {
    flatError(await suite.call(gateway, agent, 'refused', of), status, code);
    expect(suite.upstream.count('refused')).toBe(0);
  });

  it('the message names the parameter and never its value', async () => {
    const answer = await suite.call(gateway, agent, 'k', { params: { url: 's3cret' } });
    expect(flatError(answer, 400, 'tool_params_invalid').error).toBe('params.url must match format "uri".');
    expect(JSON.stringify(answer.body)).not.toContain('s3cret');
  });

  it('a token does what it is for and nothing else', async () => {
    const narrow = await suite.agent(gateway, { token: { tools: ['test.other'], permissions: ['read'] } });
    flatError(await suite.call(gateway, narrow, 'x'), 403, 'tool_not_permitted');
    const reading = await suite.agent(gateway, { token: { permissions: ['read'] } });
    flatError(await suite.call(gateway, reading, 'x', { action: 'put' }), 403, 'tool_not_permitted');
    expect((await suite.call(gateway, reading, 'token')).status).toBe(200);
    const writing = await suite.agent(gateway, { token: { permissions: ['write'] } });
    flatError(await suite.call(gateway, writing, 'x'), 403, 'tool_not_permitted');
  });

  it('a token for one intent is not for another, and gives the call its intent', async () => {
    const spec = { intent: 'reading' };
    const bound = await suite.agent(gateway, { spec, token: { intent: 'reading' } });
    expect((await suite.call(gateway, bound, 'intent')).status).toBe(200);
    const other = await suite.call(gateway, bound, 'x', { rest: { intent: 'other' } });
    expect(flatError(other, 403, 'tool_policy_denied').reason).toBe('intent_mismatch');
    const free = await suite.agent(gateway, { spec });
    expect(flatError(await suite.call(gateway, free, 'x'), 403, 'tool_policy_denied').reason).toBe('intent_required');
    expect((await suite.call(gateway, free, 'intent', { params: { intent: 'reading' } })).status).toBe(200);
  });

  it('policies are asked about the hosts that parameters name', async () => {
    const spec = { guards: { allowedDomains: ['example.com'] } };
    const denied = await suite.call(gateway, await suite.agent(gateway, { spec }), 'x');
    expect(flatError(denied, 403, 'tool_policy_denied').reason).toBe('domain_not_allowed');
    expect(suite.upstream.count('x')).toBe(0);
  });

  it('the executor is told what policies let a call reach, and for how long', async () => {
    const seen: unknown[] = [];
    const spying = Object.create(suite.executor) as AtomicExecutorApi;
    spying.executeAtomicNodeRun = (ctx, request) => {
      seen.push(request);
      return suite.executor.executeAtomicNodeRun(ctx, request);
    };
    const other = await suite.gateway({ JARVIS_TOOL_CALL_TIMEOUT_MS: '20000' }, { executor: spying });
    const limited = await suite.agent(other, { spec: { guards: { blockedDomains: ['example.com'] } } });
    const { body } = await suite.call<Success>(other, limited, 'limits');
    expect(body.success).toBe(true);
    expect(seen).toEqual([
      expect.objectContaining({
        run_id: expect.stringMatching(/^call_/),
        inputs: { url: suite.upstream.url, key: 'limits' },
        run_context: { actor: { type: 'agent', id: limited.id } },
        constraints: {
          budgets: { max_wall_time_ms: expect.any(Number) },
          extensions: { 'jarvis.egress': { block: ['example.com:*', '*.example.com:*'] } },
        },
      }),
    ]);
    const [{ constraints }] = seen as [{ constraints: { budgets: { max_wall_time_ms: number } } }];
    expect(constraints.budgets.max_wall_time_ms).toBeLessThanOrEqual(20_000);
  });

  it('an answer is filtered, blocked by a pattern, and refused for its size', async () => {
    const key = 'filters';
    suite.upstream.script(key, { status: 200, body: { public: 1, deep: { token: 's3cret' } } });
    const redacted = await suite.agent(gateway, { spec: { responseFilters: { redactFields: ['token'] } } });
    const { body } = await suite.call<Success>(gateway, redacted, key);
    expect(body.data).toEqual({ public: 1, deep: { token: '[REDACTED]' } });
    const blocking = await suite.agent(gateway, { spec: { responseFilters: { blockPatterns: ['s3cret'] } } });
    const blocked = flatError(await suite.call(gateway, blocking, key), 403, 'tool_response_blocked');
    expect(JSON.stringify(blocked)).not.toContain('s3cret');
    const small = await suite.agent(gateway, { spec: { guards: { maxResponseSize: 10 } } });
    const large = flatError(await suite.call(gateway, small, key), 403, 'tool_response_blocked');
    expect(large.reason).toBe('response_too_large');
  });

  it('what is nested too deep is refused, and blocked where it is the answer', async () => {
    const deep = (levels: number) =>
      JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`) as Record<string, unknown>;
    const request = { tool: 'test.up', action: 'read', params: 0, agent_token: agent.token };
    for (const levels of [501, 6_000, 100_000]) {
      const body = JSON.stringify(request).replace(
        '"params":0',
        `"params":{"key":${'[['.repeat(levels)}${']]'.repeat(levels)}}`,
      );
      flatError(await call('POST', `${gateway}/api/proxy-request`, body), 400, 'invalid_request');
    }
    suite.upstream.script('deep', { status: 200, body: deep(3_000) });
    for (const action of ['read', 'send']) {
      const kept = { idempotency_key: `deep ${action}` };
      for (let count = 0; count < 2; count += 1) {
        const answer = await suite.call(gateway, agent, 'deep', { action, rest: kept });
        expect(flatError(answer, 403, 'tool_response_blocked').reason).toBe('response_too_deep');
      }
    }
    // Once each: what was done is remembered under its key.
    expect(suite.upstream.count('deep')).toBe(2);
  });

  describe('what is kept of reading', () => {
    it('comes with the filters of now, and says so', async () => {
      const spec = { responseFilters: { redactFields: ['key'] } };
      const own = await suite.agent(gateway, { spec });
      const first = await suite.call<Success>(gateway, own, 'kept');
      const second = await suite.call<Success>(gateway, own, 'kept');
      expect([first.body.metadata['cached'], second.body.metadata['cached']]).toEqual([undefined, true]);
      expect(second.body.data).toEqual({ key: '[REDACTED]', count: 1 });
      expect(suite.upstream.count('kept')).toBe(1);
    });

    it('weakness 20: is never shared between agents, nor between other parameters', async () => {
      const [a, b] = [await suite.agent(gateway), await suite.agent(gateway)];
      await suite.call(gateway, a, 'shared');
      await suite.call(gateway, b, 'shared');
      await suite.call(gateway, a, 'shared', { params: { note: 'other' } });
      await suite.call(gateway, a, 'shared');
      expect(suite.upstream.count('shared')).toBe(3);
    });

    it('is not kept of writing, of other tools, and of failures', async () => {
      for (const wish of [{ action: 'put' }, { tool: 'test.other' }]) {
        const key = JSON.stringify(wish);
        await suite.call(gateway, agent, key, wish);
        await suite.call(gateway, agent, key, wish);
        expect(suite.upstream.count(key)).toBe(2);
      }
      suite.upstream.script('failing', { status: 404 }, { status: 200 });
      expect((await suite.call(gateway, agent, 'failing')).status).toBe(400);
      expect((await suite.call(gateway, agent, 'failing')).status).toBe(200);
    });
  });

  it('weakness 21: 429 has an integer Retry-After, and the rate is of one agent and tool on all gateways together', async () => {
    const env = { JARVIS_TOOL_RATE_LIMIT_PER_MINUTE: '3' };
    const [one, two] = [await suite.gateway(env), await suite.gateway(env)];
    const limited = await suite.agent(one);
    for (const at of [one, two, one]) expect((await suite.call(at, limited, 'rate')).status).toBe(200);
    for (const at of [one, two]) {
      const refused = await suite.call(at, limited, 'rate');
      const { details } = flatError(refused, 429, 'tool_rate_limited');
      const wait = Number(refused.headers.get('retry-after'));
      expect(Number.isInteger(wait) && wait >= 1 && wait <= 60).toBe(true);
      expect(details?.['retry_after']).toBe(wait);
    }
    expect((await suite.call(two, limited, 'rate', { tool: 'test.other' })).status).toBe(200);
    expect((await suite.call(two, await suite.agent(two), 'rate')).status).toBe(200);
  });

  it('nothing that was refused before counts as a use of a quota; the quota is a 429 with Retry-After', async () => {
    const spec = { quotas: [{ action: 'test.up:put', limit: 1, window: '1h' }] };
    const limited = await suite.agent(gateway, { spec });
    flatError(
      await suite.call(gateway, limited, 'q', { action: 'put', params: { other: 1 } }),
      400,
      'tool_params_invalid',
    );
    expect((await suite.call(gateway, limited, 'q', { action: 'put' })).status).toBe(200);
    const refused = await suite.call(gateway, limited, 'q', { action: 'put' });
    flatError(refused, 429, 'tool_quota_exceeded');
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  describe('weakness 19: what the upstream says is not what the gateway says', () => {
    it.each([
      [401, 'credential_refused'],
      [403, 'credential_refused'],
      [429, 'upstream_busy'],
      [500, 'upstream_busy'],
    ])('its %d is a 502', async (status, nodeError) => {
      const own = await suite.agent(gateway);
      suite.upstream.script(`said ${status}`, { status, body: { error: 's3cret' } });
      const answer = await suite.call(gateway, own, `said ${status}`, { action: 'send' });
      expect(flatError(answer, 502, 'tool_upstream_error').details).toEqual({ node_error: nodeError, status });
      expect(JSON.stringify(answer.body)).not.toContain('s3cret');
    });

    it('its Retry-After is passed on', async () => {
      suite.upstream.script('wait', { status: 429, headers: { 'retry-after': '7' } });
      const answer = await suite.call(gateway, await suite.agent(gateway), 'wait', { action: 'send' });
      expect(flatError(answer, 502, 'tool_upstream_error').details).toMatchObject({ status: 429, retry_after: 7 });
      expect(answer.headers.get('retry-after')).toBe('7');
    });

    it('what it has against the request is a 400', async () => {
      suite.upstream.script('bad', { status: 422, body: { error: 's3cret' } });
      const answer = await suite.call(gateway, agent, 'bad', { action: 'send' });
      expect(flatError(answer, 400, 'tool_params_invalid').details).toEqual({ node_error: 'bad_request', status: 422 });
      expect(JSON.stringify(answer.body)).not.toContain('s3cret');
    });
  });

  it.each([
    ['credential_missing', 503, 'tool_not_configured'],
    ['outcome_unknown', 502, 'tool_outcome_unknown'],
    ['timeout', 502, 'tool_outcome_unknown'],
    ['http_unreachable', 502, 'tool_outcome_unknown'],
    ['egress_denied', 403, 'tool_policy_denied'],
    ['invalid_url', 400, 'tool_params_invalid'],
    ['upstream_strange', 502, 'tool_upstream_error'],
    ['city_unknown', 400, 'tool_params_invalid'],
  ])('a node that fails with %s is %d %s', async (code, status, said) => {
    const answer = await suite.call(gateway, await suite.agent(gateway), '', {
      ...{ tool: 'test.fails', action: 'with' },
      params: { code },
    });
    const { details } = flatError(answer, status, said);
    expect(details).toMatchObject({ node_error: code });
    expect(JSON.stringify(answer.body)).not.toContain('s3cret');
  });

  it('an upstream that does not answer is 504, or an unknown outcome where it may have acted', async () => {
    const quick = await suite.gateway({ JARVIS_TOOL_CALL_TIMEOUT_MS: '2000', JARVIS_TOOL_RETRIES: '0' });
    const own = await suite.agent(quick);
    suite.upstream.script('hangs', 'hang');
    flatError(await suite.call(quick, own, 'hangs'), 504, 'tool_upstream_timeout');
    flatError(await suite.call(quick, own, 'hangs', { action: 'send' }), 502, 'tool_outcome_unknown');
    suite.upstream.script('slow', 'hang');
    flatError(await suite.call(gateway, own, 'slow', { action: 'slow' }), 504, 'tool_upstream_timeout');
  });

  it('an executor that is away is 502, and 502 with an unknown outcome where it may have begun', async () => {
    const broken = Object.create(suite.executor) as AtomicExecutorApi;
    broken.executeAtomicNodeRun = () => Promise.reject(new AppError('atomic_executor_unavailable'));
    const other = await suite.gateway({ JARVIS_TOOL_RETRIES: '0' }, { executor: broken });
    const own = await suite.agent(other);
    flatError(await suite.call(other, own, 'away'), 502, 'atomic_executor_unavailable');
    flatError(await suite.call(other, own, 'away', { action: 'send' }), 502, 'tool_outcome_unknown');
    broken.listNodeTypes = () => Promise.reject(new AppError('atomic_executor_unavailable'));
    const blind = await suite.gateway({}, { executor: broken });
    flatError(await suite.call(blind, own, 'away'), 502, 'atomic_executor_unavailable');
  });

  it('a new token is recommended when little time is left, also with an error', async () => {
    const ends = new Date(Date.now() + 2_000);
    const expiring = await suite.agent(gateway, { token: { expires_at: ends.toISOString() } });
    const fresh = await suite.agent(gateway, { token: { ttl_minutes: 2 } });
    expect((await suite.call(gateway, fresh, 'r')).headers.get('x-token-rotation-recommended')).toBeNull();
    let answer;
    do answer = await suite.call(gateway, expiring, 'r', { action: 'nothing' });
    while (answer.status === 400 && answer.headers.get('x-token-rotation-recommended') === null);
    flatError(answer, 400, 'unknown_tool');
    expect(answer.headers.get('x-token-rotation-recommended')).toBe('true');
    expect(Math.abs(Date.parse(answer.headers.get('x-token-expires-at') ?? '') - ends.getTime())).toBeLessThan(1_001);
    const stranger = await suite.call(gateway, { token: 'a.b' }, 'r');
    expect(stranger.headers.get('x-token-expires-at')).toBeNull();
  });

  it('every call is in the log, refused ones too, without parameters and answers', async () => {
    const own = await suite.agent(gateway);
    await suite.call(gateway, own, 's3cret-key', { headers: { 'x-correlation-id': 'req_log' } });
    await suite.call(gateway, own, 's3cret-key');
    await suite.call(gateway, own, 's3cret-key', { tool: 'no\u0000thing' });
    await suite.call(gateway, own, 's3cret-key', { params: { other: 1 } });
    const { status, body } = await call<{ logs: object[]; total: number }>(
      'GET',
      `${gateway}/api/proxy/logs?agent_id=${own.id}`,
    );
    expect({ status, total: body.total }).toEqual({ status: 200, total: 4 });
    expect(body.logs).toMatchObject([
      { statusCode: 400, success: false, errorMessage: 'tool_params_invalid', cached: false },
      { statusCode: 400, success: false, errorMessage: 'unknown_tool', tool: 'nothing' },
      { statusCode: 200, success: true, cached: true },
      {
        statusCode: 200,
        success: true,
        cached: false,
        corrId: 'req_log',
        agentId: own.id,
        tool: 'test.up',
        action: 'read',
      },
    ]);
    const rows = await suite.database.query<object>('select * from tool_calls where agent_id = $1', [own.id]);
    expect(JSON.stringify([body, rows])).not.toContain('s3cret');
    const page = await call<{ logs: object[] }>('GET', `${gateway}/api/proxy/logs?limit=1`);
    expect(page.body.logs).toHaveLength(1);
    flatError(await call('GET', `${gateway}/api/proxy/logs?limit=0`), 400, 'invalid_request');
  });

  it('tells its tools, its health and whether it is ready', async () => {
    const status = await call<{ available_actions: object }>('GET', `${gateway}/api/proxy/status`);
    expect(status.body).toMatchObject({
      status: 'operational',
      configured_tools: { 'test.up': true, 'test.other': true, 'test.fails': true },
      available_actions: { 'test.up': ['put', 'read', 'send', 'slow'], 'test.other': ['read'] },
    });
    expect((await call('GET', `${gateway}/api/health`)).body).toMatchObject({ status: 'healthy' });
    expect(await call('GET', `${gateway}/api/ready`)).toMatchObject({
      status: 200,
      body: { ready: true, checks: { database: true, executor: true } },
    });
    const away = Object.create(suite.executor) as AtomicExecutorApi;
    away.ping = () => Promise.reject(new AppError('atomic_executor_unavailable'));
    const other = await suite.gateway({}, { executor: away });
    expect(await call('GET', `${other}/api/ready`)).toMatchObject({ status: 503, body: { ready: false } });
  });
});
