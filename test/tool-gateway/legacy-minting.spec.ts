import { StartupError } from '#http';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { call } from '../e2e/http.js';
import { ASKED, registerAgent, startToolGateway } from './identity-gateway.js';
import type { FlatError, RegisteredAgent, StartedToolGateway, TokenAnswer } from './identity-gateway.js';

/** As the stock Python SDK writes it: the local time, here of a machine in UTC, with microseconds and without a zone. */
const naive = (aheadMs: number) => `${new Date(Date.now() + aheadMs).toISOString().slice(0, 19)}.679165`;

describe('minting without an assertion', () => {
  let home: TestDatabase;
  let strict: StartedToolGateway;
  let legacy: StartedToolGateway;
  let agent: RegisteredAgent;
  beforeAll(async () => {
    home = await createTestDatabase();
    strict = await startToolGateway(home);
    legacy = await startToolGateway(home, { JARVIS_TOOL_LEGACY_MINTING: 'true' });
    agent = await registerAgent(strict.url);
  });
  afterAll(async () => {
    await legacy.stop();
    await strict.stop();
    await home.drop();
  });
  const ask = (gateway: StartedToolGateway, more: Record<string, unknown> = {}) =>
    call<TokenAnswer & FlatError>('POST', `${gateway.url}/api/generate-token`, {
      agent_id: agent.agentId,
      ...ASKED,
      expires_at: naive(600_000),
      ...more,
    });

  it('is off by itself', async () => {
    for (const expires_at of [undefined, new Date(Date.now() + 600_000).toISOString()]) {
      const answer = await ask(strict, { expires_at });
      expect(answer).toMatchObject({ status: 401, body: { code: 'agent_assertion_invalid' } });
      expect(answer.body.error).toContain('assertion is required');
    }
  });

  it('gives the stock Python SDK its token, where it is on', async () => {
    const answer = await ask(legacy);
    expect(answer.status).toBe(201);
    expect(Math.abs(Date.parse(answer.body.expires_at) - Date.now() - 600_000)).toBeLessThan(30_000);
    expect(await ask(legacy, { agent_id: 'agent_nobody' })).toMatchObject({
      status: 404,
      body: { code: 'agent_not_found' },
    });
    expect(await ask(legacy, { expires_at: naive(-5_000) })).toMatchObject({ status: 400 });
    expect(await ask(legacy, { expires_at: naive(90_000_000) })).toMatchObject({ status: 400 });
  });

  it('checks an assertion that is there also where it is on', async () => {
    const expires_at = new Date(Date.now() + 600_000).toISOString();
    expect(await ask(legacy, { assertion: 'a.b.c', expires_at })).toMatchObject({ status: 401 });
    expect(await ask(legacy, { assertion: 'a.b.c' })).toMatchObject({ status: 400 });
  });

  it('gives no token to an agent that is not active', async () => {
    await call('PATCH', `${strict.url}/api/agents/${agent.agentId}`, { status: 'inactive' });
    expect(await ask(legacy)).toMatchObject({ status: 403, body: { code: 'agent_inactive' } });
  });

  it.each([
    [
      'ARP_AUTH_PROFILE=enterprise',
      { ARP_AUTH_PROFILE: 'enterprise', ARP_AUTH_ISSUER: 'https://login.example.org', ARP_AUTH_AUDIENCE: 'me' },
    ],
    ['NODE_ENV=production', { NODE_ENV: 'production' }],
  ])('is refused at the start with %s', async (_name, env) => {
    const start = startToolGateway(home, { JARVIS_TOOL_LEGACY_MINTING: 'true', ...env });
    const error = await start.then((gateway) => gateway.stop()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StartupError);
    expect(String(error)).toContain('JARVIS_TOOL_LEGACY_MINTING=true is refused');
  });
});
