import { flatError, ToolSuite } from './tool-suite.js';
import type { CallingAgent, ToolCall } from './tool-suite.js';

interface Success {
  readonly data: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
}

const BUSY = { status: 503 } as const;

describe('weakness 23: Idempotency-Key', () => {
  const suite = new ToolSuite();
  let gateway: string;
  let agent: CallingAgent;
  beforeAll(async () => {
    await suite.start();
    gateway = await suite.gateway({ JARVIS_TOOL_RETRIES: '0', JARVIS_TOOL_CACHE_SECS: '' });
    agent = await suite.agent(gateway);
  });
  afterAll(() => suite.stop());

  const send = (key: string, idempotencyKey: string, rest: ToolCall = {}, who = agent, at = gateway) =>
    suite.call<Success>(at, who, key, { action: 'send', headers: { 'idempotency-key': idempotencyKey }, ...rest });
  const expireLease = () => suite.database.query("update tool_answers set lease_until = now() - interval '1 second'");

  it('the same key and request is one call, on all gateways and however the key comes', async () => {
    const other = await suite.gateway();
    const first = await send('one', 'k-one');
    const again = await send('one', '"k-one"', {}, agent, other);
    const inBody = await send('one', 'k-one', { headers: {}, rest: { idempotency_key: 'k-one' } });
    const inParams = await send('one', 'k-one', { headers: {}, params: { idempotencyKey: 'k-one' } });
    expect([first, again, inBody, inParams].map(({ status, body }) => [status, body.data])).toEqual(
      Array.from({ length: 4 }, () => [200, { key: 'one', count: 1 }]),
    );
    const replays = [first, again, inBody, inParams].map(({ body }) => body.metadata['idempotent_replay']);
    expect(replays).toEqual([undefined, true, true, true]);
    expect(suite.upstream.count('one')).toBe(1);
  });

  it('another request is a conflict, which shows nothing of the first; another agent has keys of its own', async () => {
    await send('two', 'k-two');
    const conflict = await send('two', 'k-two', { params: { note: 'other' } });
    flatError(conflict, 409, 'idempotency_conflict');
    expect(JSON.stringify(conflict.body)).not.toContain('count');
    flatError(await send('two', 'k-two', { rest: { async: true } }), 409, 'idempotency_conflict');
    flatError(await send('two', 'k-two', { action: 'put' }), 409, 'idempotency_conflict');
    const other = await suite.agent(gateway);
    expect((await send('two', 'k-two', {}, other)).body.metadata['idempotent_replay']).toBeUndefined();
    expect(suite.upstream.count('two')).toBe(2);
  });

  it('at the same time one is sent; the others are told to ask again', async () => {
    const other = await suite.gateway();
    suite.upstream.script('race', { status: 200, afterMs: 500 });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => send('race', 'k-race', {}, agent, index % 2 === 0 ? gateway : other)),
    );
    const made = answers.filter(({ status, body }) => status === 200 && body.metadata['idempotent_replay'] !== true);
    expect(made).toHaveLength(1);
    expect(answers.some(({ status }) => status === 409)).toBe(true);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      flatError(answer, 409, 'idempotency_in_progress');
      expect(answer.headers.get('retry-after')).toBe('1');
    }
    expect((await send('race', 'k-race')).body.metadata['idempotent_replay']).toBe(true);
    expect(suite.upstream.count('race')).toBe(1);
  });

  it('what proves that nothing was sent lets go of the key', async () => {
    flatError(await send('free', 'k-free', { params: { other: 1 } }), 400, 'tool_params_invalid');
    const denied = await suite.agent(gateway, { scopes: ['test.other:read'] });
    flatError(await send('free', 'k-free', {}, denied), 403, 'tool_policy_denied');
    const strict = await suite.gateway({ JARVIS_TOOL_RATE_LIMIT_PER_MINUTE: '1' });
    await send('free', 'k-other', {}, denied, strict);
    const limited = await suite.agent(strict);
    expect((await send('free', 'k-first', {}, limited, strict)).status).toBe(200);
    flatError(await send('free', 'k-free', {}, limited, strict), 429, 'tool_rate_limited');
    const fails = { tool: 'test.fails', action: 'with', params: { code: 'credential_missing' } };
    for (const again of [await send('', 'k-unconfigured', fails), await send('', 'k-unconfigured', fails)]) {
      expect(flatError(again, 503, 'tool_not_configured').details).not.toHaveProperty('idempotent_replay');
    }
    const rows = await suite.database.query('select 1 from tool_answers where lease_until is not null');
    expect(rows).toEqual([]);
    expect((await send('free', 'k-free')).status).toBe(200);
    expect((await send('free', 'k-free', {}, limited)).status).toBe(200);
  });

  it('a failure that may be repeated lets go of the key, a definite one and an unknown outcome are kept', async () => {
    suite.upstream.script('busy', BUSY, { status: 200 });
    flatError(await send('busy', 'k-busy'), 502, 'tool_upstream_error');
    expect((await send('busy', 'k-busy')).status).toBe(200);
    for (const [key, answer, status, code] of [
      ['refused', { status: 400 }, 400, 'tool_params_invalid'],
      ['lost', 'cut', 502, 'tool_outcome_unknown'],
      ['turned away', { status: 401 }, 502, 'tool_upstream_error'],
    ] as const) {
      suite.upstream.script(key, answer, { status: 200 });
      const first = flatError(await send(key, `k-${key.replace(' ', '-')}`), status, code);
      const again = flatError(await send(key, `k-${key.replace(' ', '-')}`), status, code);
      expect(again.details).toEqual({ ...first.details, idempotent_replay: true });
      expect(suite.upstream.count(key)).toBe(1);
    }
  });

  it('what failed and does no harm may be asked for again', async () => {
    suite.upstream.script('repaired', { status: 401 }, { status: 200 });
    flatError(await send('repaired', 'k-repaired', { action: 'put' }), 502, 'tool_upstream_error');
    expect((await send('repaired', 'k-repaired', { action: 'put' })).status).toBe(200);
    const quick = await suite.gateway({ JARVIS_TOOL_CALL_TIMEOUT_MS: '2000', JARVIS_TOOL_RETRIES: '0' });
    suite.upstream.script('late', 'hang', { status: 200 });
    flatError(await send('late', 'k-late', { action: 'put' }, agent, quick), 504, 'tool_upstream_timeout');
    expect((await send('late', 'k-late', { action: 'put' })).status).toBe(200);
  });

  it.each([
    ['send', 502, 'tool_outcome_unknown'],
    ['put', 200, undefined],
  ])('when whoever was at %s is gone: %d', async (action, status, code) => {
    const key = `gone-${action}`;
    suite.upstream.script(key, 'hang', { status: 200 });
    const at = await suite.gateway({ JARVIS_TOOL_CALL_TIMEOUT_MS: '3000', JARVIS_TOOL_RETRIES: '0' });
    const leaving = send(key, key, { action }, agent, at);
    while (suite.upstream.count(key) === 0) await new Promise((settle) => setTimeout(settle, 10));
    flatError(await send(key, key, { action }), 409, 'idempotency_in_progress');
    await expireLease();
    const answers = [await send(key, key, { action }), await send(key, key, { action })];
    for (const answer of answers) {
      expect([answer.status, (answer.body as { code?: string }).code]).toEqual([status, code]);
    }
    expect(suite.upstream.count(key)).toBe(action === 'put' ? 2 : 1);
    // Whoever was late changes nothing.
    await leaving;
    expect((await send(key, key, { action })).status).toBe(status);
    expect(suite.upstream.count(key)).toBe(action === 'put' ? 2 : 1);
  });

  it('is kept for a day, and then forgotten', async () => {
    await send('day', 'k-day');
    const [row] = await suite.database.query<{ hours: number }>(
      'select extract(epoch from expires_at - created_at)::int / 3600 as hours from tool_answers order by created_at desc limit 1',
    );
    expect(row?.hours).toBe(24);
    await suite.database.query("update tool_answers set expires_at = now() - interval '1 second'");
    expect((await send('day', 'k-day')).body.data).toEqual({ key: 'day', count: 2 });
  });

  it('keeps what no database column takes', async () => {
    suite.upstream.script('nul', { status: 200, body: { text: 'a\u0000b' } });
    await send('nul', 'k-nul');
    expect((await send('nul', 'k-nul')).body.data).toEqual({ text: 'a\u0000b' });
  });

  it('an asynchronous call with the same key is the same job', async () => {
    const rest = { async: true };
    const answers = await Promise.all(Array.from({ length: 5 }, () => send('job', 'k-job', { rest })));
    const again = await send('job', 'k-job', { rest });
    const ids = [...answers, again]
      .filter(({ status }) => status === 202)
      .map(({ body }) => (body as unknown as { job_id: string }).job_id);
    expect(new Set(ids).size).toBe(1);
    expect(again.status).toBe(202);
    const rows = await suite.database.query('select 1 from tool_jobs where agent_id = $1', [agent.id]);
    expect(rows).toHaveLength(1);
  });
});
