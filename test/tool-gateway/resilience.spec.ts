import { setTimeout as sleep } from 'node:timers/promises';
import { flatError, ToolSuite } from './tool-suite.js';
import type { CallingAgent, ToolCall } from './tool-suite.js';

const BUSY = { status: 503 } as const;
const SEND: ToolCall = { action: 'send' };

describe('calls of a tool that has trouble', () => {
  const suite = new ToolSuite();
  let gateway: string;
  beforeAll(async () => {
    await suite.start();
    gateway = await suite.gateway({ JARVIS_TOOL_RETRIES: '2', JARVIS_TOOL_CACHE_SECS: '' });
  });
  afterAll(() => suite.stop());

  /** A gateway that repeats nothing, with a breaker that opens after two. */
  const touchy = (env: Record<string, string> = {}) =>
    suite.gateway({
      ...{ JARVIS_TOOL_RETRIES: '0', JARVIS_TOOL_CACHE_SECS: '', JARVIS_TOOL_BREAKER_FAILURES: '2' },
      JARVIS_TOOL_BREAKER_OPEN_MS: '600000',
      ...env,
    });
  const failing = async (at: string, agent: CallingAgent, key: string, times: number) => {
    for (let count = 0; count < times; count += 1) {
      flatError(await suite.call(at, agent, key, SEND), 502, 'tool_upstream_error');
    }
  };

  it('weakness 17: what may be repeated is, by what the error is and not by its text; the upstream counts', async () => {
    const agent = await suite.agent(gateway);
    suite.upstream.script('twice', BUSY, BUSY, { status: 200 });
    expect((await suite.call(gateway, agent, 'twice')).status).toBe(200);
    expect(suite.upstream.count('twice')).toBe(3);
    suite.upstream.script('always', BUSY);
    flatError(await suite.call(gateway, agent, 'always', { action: 'put' }), 502, 'tool_upstream_error');
    expect(suite.upstream.count('always')).toBe(3);
    suite.upstream.script('refused', { status: 400, body: { error: 'timeout 503 429' } });
    flatError(await suite.call(gateway, agent, 'refused'), 400, 'tool_params_invalid');
    expect(suite.upstream.count('refused')).toBe(1);
  });

  it('weakness 18: what must not be repeated never is, whatever happens to it', async () => {
    const agent = await suite.agent(gateway);
    suite.upstream.script('once', BUSY);
    flatError(await suite.call(gateway, agent, 'once', SEND), 502, 'tool_upstream_error');
    suite.upstream.script('cut', 'cut');
    flatError(await suite.call(gateway, agent, 'cut', SEND), 502, 'tool_outcome_unknown');
    await sleep(1_000);
    expect([suite.upstream.count('once'), suite.upstream.count('cut')]).toEqual([1, 1]);
  });

  it('waits as long as the upstream asks for, within the time of the call', async () => {
    const agent = await suite.agent(gateway);
    suite.upstream.script('asks', { status: 429, headers: { 'retry-after': '1' } }, { status: 200 });
    const begun = Date.now();
    expect((await suite.call(gateway, agent, 'asks')).status).toBe(200);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(950);
    suite.upstream.script('asks too much', { status: 429, headers: { 'retry-after': '3600' } }, { status: 200 });
    const refused = await suite.call(gateway, agent, 'asks too much');
    expect(flatError(refused, 502, 'tool_upstream_error').details).toMatchObject({ retry_after: 3_600 });
    expect(suite.upstream.count('asks too much')).toBe(1);
  });

  it('weakness 16: the breaker of one agent and tool holds back no other, and says so as 503', async () => {
    const at = await touchy();
    const [a, b] = [await suite.agent(at), await suite.agent(at)];
    suite.upstream.script('down', BUSY);
    await failing(at, a, 'down', 2);
    const held = await suite.call(at, a, 'down', SEND);
    flatError(held, 503, 'tool_circuit_open');
    const wait = Number(held.headers.get('retry-after'));
    expect(Number.isInteger(wait) && wait > 500 && wait <= 600).toBe(true);
    expect(suite.upstream.count('down')).toBe(2);
    expect((await suite.call(at, b, 'up')).status).toBe(200);
    expect((await suite.call(at, a, 'up', { tool: 'test.other' })).status).toBe(200);
    flatError(await suite.call(at, a, 'up'), 503, 'tool_circuit_open');
  });

  it('weakness 16: failures count one after the other only, and mistakes of the caller do not count', async () => {
    const at = await touchy();
    const agent = await suite.agent(at);
    suite.upstream.script('now and then', BUSY, { status: 200 }, BUSY, { status: 200 }, BUSY, { status: 200 });
    for (const status of [502, 200, 502, 200, 502, 200]) {
      expect((await suite.call(at, agent, 'now and then', SEND)).status).toBe(status);
    }
    suite.upstream.script('wrong', { status: 400 });
    for (let count = 0; count < 5; count += 1) {
      flatError(await suite.call(at, agent, 'wrong', SEND), 400, 'tool_params_invalid');
      flatError(await suite.call(at, agent, 'x', { params: { other: 1 } }), 400, 'tool_params_invalid');
    }
    const fails = { tool: 'test.fails', action: 'with' };
    for (const code of ['egress_denied', 'invalid_url', 'city_unknown', 'egress_denied', 'invalid_url']) {
      await suite.call(at, agent, '', { ...fails, params: { code } });
    }
    expect((await suite.call(at, agent, 'fine')).status).toBe(200);
    const still = await suite.call(at, agent, '', { ...fails, params: { code: 'city_unknown' } });
    flatError(still, 400, 'tool_params_invalid');
  });

  it('weakness 16: after a while exactly one is let through to try; what comes of it decides for all', async () => {
    const at = await touchy({ JARVIS_TOOL_BREAKER_OPEN_MS: '500' });
    const agent = await suite.agent(at);
    const key = 'half open';
    suite.upstream.script(key, BUSY, BUSY, { ...BUSY, afterMs: 300 }, { status: 200, afterMs: 300 });
    await failing(at, agent, key, 2);
    for (const [tried, rest] of [
      ['tool_upstream_error', 3],
      [undefined, 4],
    ] as const) {
      await sleep(600);
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => suite.call<{ code?: string }>(at, agent, key, SEND)),
      );
      const codes = answers.map(({ body }) => body.code);
      expect(codes.filter((code) => code === 'tool_circuit_open')).toHaveLength(7);
      expect(codes.filter((code) => code !== 'tool_circuit_open')).toEqual([tried]);
      expect(suite.upstream.count(key)).toBe(rest);
    }
    expect((await suite.call(at, agent, key, SEND)).status).toBe(200);
  });

  it('as many as may are at work and as many wait; the rest is refused, of this agent alone', async () => {
    const at = await touchy({ JARVIS_TOOL_MAX_CONCURRENCY: '2' });
    const [a, b] = [await suite.agent(at), await suite.agent(at)];
    suite.upstream.script('busy', { status: 200, afterMs: 1_000 });
    const answers = Promise.all(Array.from({ length: 6 }, () => suite.call<{ code?: string }>(at, a, 'busy', SEND)));
    expect((await suite.call(at, b, 'free')).status).toBe(200);
    const codes = (await answers).map(({ body }) => body.code);
    expect(codes.filter((code) => code === 'tool_overloaded')).toHaveLength(2);
    expect(suite.upstream.count('busy')).toBe(4);
  });

  it('who waits for a place in vain was not sent', async () => {
    const at = await touchy({ JARVIS_TOOL_MAX_CONCURRENCY: '1', JARVIS_TOOL_CALL_TIMEOUT_MS: '3000' });
    const agent = await suite.agent(at);
    suite.upstream.script('blocks', 'hang');
    const first = suite.call(at, agent, 'blocks', SEND);
    while (suite.upstream.count('blocks') === 0) await sleep(10);
    await sleep(100);
    const answers = await Promise.all([first, suite.call(at, agent, 'waits', SEND)]);
    flatError(answers[0], 502, 'tool_outcome_unknown');
    // It had its place for the rest of its time, or none.
    expect([200, 502, 503]).toContain(answers[1].status);
    if (answers[1].status === 503) expect(suite.upstream.count('waits')).toBe(0);
  });

  it('a caller that goes away ends what does no harm, and what must not be repeated goes on', async () => {
    const agent = await suite.agent(gateway);
    const cases = [
      ['left reading', 'read', 504],
      ['left sending', 'send', 200],
    ] as const;
    for (const [key, action, status] of cases) {
      suite.upstream.script(key, { status: 200, afterMs: 500 });
      const leaving = new AbortController();
      const body = { agent_token: agent.token, tool: 'test.up', action, params: { url: suite.upstream.url, key } };
      const left = fetch(`${gateway}/api/proxy-request`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: leaving.signal,
      }).catch(() => undefined);
      while (suite.upstream.count(key) === 0) await sleep(5);
      leaving.abort();
      await left;
      let rows: { status: number }[] = [];
      while (rows.length === 0) {
        rows = await suite.database.query('select status from tool_calls where agent_id = $1 and action = $2', [
          agent.id,
          action,
        ]);
      }
      expect(rows).toEqual([{ status }]);
    }
  });
});
