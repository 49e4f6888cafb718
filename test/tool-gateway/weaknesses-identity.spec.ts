/** What was weak in the original gateway about agents, tokens and credentials (docs of the design, section 6), one test each. */
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { readSettings } from '#config';
import { StartupError } from '#http';
import { createTestDatabase } from '#testing';
import { AgentTokensService } from '../../apps/tool-gateway/src/tokens/agent-tokens.service.js';
import { createToolGateway, provideToolGatewayDatabase } from '../../apps/tool-gateway/src/tool-gateway.app.js';
import { toolGatewaySettings } from '../../apps/tool-gateway/src/tool-gateway.config.js';
import { call } from '../e2e/http.js';
import {
  ASKED,
  askForToken,
  assertionOf,
  registerAgent,
  startGuardedToolGateway,
  startToolGateway,
  tokenOf,
} from './identity-gateway.js';
import type { GuardedToolGateway, RegisteredAgent } from './identity-gateway.js';

/** Routes without the suite's guard, each of which says itself who may. */
const OPEN = [
  '/.well-known/jwks.json',
  '/api/generate-token',
  '/api/health',
  '/api/jobs/{job_id}',
  '/api/proxy-request',
  '/api/ready',
  '/v1/health',
  '/v1/version',
];

/** An operation of the OpenAPI document. */
interface Operation {
  readonly 'x-permission'?: string;
}

let gateway: GuardedToolGateway;
let admin: Record<string, string>;
let agent: RegisteredAgent;
beforeAll(async () => {
  gateway = await startGuardedToolGateway();
  admin = {
    authorization: `Bearer ${gateway.issuer.token({ sub: 'ann', aud: 'arp-tool-gateway', roles: ['arp-admin'] })}`,
  };
  agent = await registerAgent(gateway.url, admin);
});
afterAll(() => gateway.stop());

const codeOfToken = (token: string, tokenId?: string): Promise<string> =>
  gateway
    .service(AgentTokensService)
    .verify(
      {
        principal: { subject: 'nobody' },
        trace: { traceId: '0'.repeat(31) + '1', spanId: '0'.repeat(15) + '1', flags: '00' },
        requestId: 'r1',
        signal: new AbortController().signal,
      },
      { token, ...(tokenId === undefined ? {} : { tokenId }) },
    )
    .then(
      () => 'accepted',
      (error: unknown) => (error as { code: string }).code,
    );

describe('weakness 1: everything but the call itself was open to anybody', () => {
  it('every route asks for a token of the identity provider, but for those that agents use', async () => {
    const { body } = await call<{ paths: Record<string, Record<string, Operation>> }>(
      'GET',
      `${gateway.url}/openapi.json`,
    );
    let asked = 0;
    for (const [path, operations] of Object.entries(body.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        if (operation['x-permission'] === undefined) {
          expect(OPEN).toContain(path);
          continue;
        }
        const url = gateway.url + path.replaceAll(/\{\w+\}/g, 'x');
        const answer = await call(method.toUpperCase(), url, method === 'get' ? undefined : {});
        expect({ method, path, status: answer.status }).toEqual({ method, path, status: 401 });
        asked += 1;
      }
    }
    expect(asked).toBeGreaterThanOrEqual(19);
  });

  it('not even an administrator is shown a token or a credential', async () => {
    const { agent_token: token } = await tokenOf(gateway.url, agent);
    const canary = 'canary-of-serpapi';
    await call('POST', `${gateway.url}/api/admin/creds/rotate`, { tool: 'serpapi', credential: canary }, admin);
    for (const path of [`tokens/${agent.agentId}`, 'admin/tokens', 'admin/creds', 'admin/creds/serpapi', 'agents']) {
      const { status, body } = await call('GET', `${gateway.url}/api/${path}`, undefined, admin);
      expect(status).toBe(200);
      expect(JSON.stringify(body)).not.toContain(token.split('.')[2]);
      expect(JSON.stringify(body)).not.toContain(canary);
    }
  });
});

describe('weakness 2: whoever knew the id of an agent had its token', () => {
  it('the agent’s own key is needed, over what is asked for, and each signature works once', async () => {
    const url = `${gateway.url}/api/generate-token`;
    const body = { agent_id: agent.agentId, ...ASKED };
    expect((await call('POST', url, body)).status).toBe(401);
    expect((await call('POST', url, body, admin)).status).toBe(401);
    const other = await registerAgent(gateway.url, admin);
    expect((await askForToken(gateway.url, agent, {}, { key: other.privateKey })).status).toBe(401);
    const assertion = await assertionOf(agent);
    expect((await askForToken(gateway.url, agent, { assertion, tools: ['gmail_send'] })).status).toBe(401);
    expect((await askForToken(gateway.url, agent, { assertion })).status).toBe(201);
    expect((await askForToken(gateway.url, agent, { assertion })).body.code).toBe('agent_assertion_replayed');
  });
});

describe('weakness 3: a signing secret that everybody knew', () => {
  it('there is none without a key of the operator, and each installation has keys of its own', async () => {
    const settings = readSettings(toolGatewaySettings, { DATABASE_URL: gateway.database.url, LOG_LEVEL: 'silent' });
    const database = await provideToolGatewayDatabase(settings, () => undefined);
    await expect(createToolGateway(settings, database)).rejects.toThrow(StartupError);
    await database.release();

    const elsewhere = await createTestDatabase();
    const stranger = await startToolGateway(elsewhere);
    try {
      const twin = await registerAgent(stranger.url, {}, generateKeyPairSync('ed25519'));
      const { agent_token: token } = await tokenOf(stranger.url, twin);
      expect(await codeOfToken(token)).toBe('agent_token_invalid');
    } finally {
      await stranger.stop();
      await elsewhere.drop();
    }
    const claims = Buffer.from(JSON.stringify({ agent_id: agent.agentId, tools: ['http_fetch'] })).toString('base64');
    const mac = createHmac('sha256', 'default-secret-change-in-production').update(claims).digest('hex');
    expect(await codeOfToken(`${claims}.${mac}`)).toBe('agent_token_invalid');
  });
});

describe('weakness 4: what a token was for was not looked at', () => {
  it('a token grants the tools and permissions that the agent signed, and cannot be made to grant more', async () => {
    const { agent_token: token } = await tokenOf(gateway.url, agent);
    const [header, , signature] = token.split('.');
    const wider = { ...decodeJwt(token), tools: ['http_fetch', 'gmail_send'], permissions: ['read', 'write'] };
    const claims = Buffer.from(JSON.stringify(wider)).toString('base64url');
    expect(await codeOfToken(`${header}.${claims}.${signature}`)).toBe('agent_token_invalid');
    const [row] = await gateway.database.query<{ tools: string[]; permissions: string[] }>(
      'select tools, permissions from tool_tokens order by issued_at desc limit 1',
    );
    expect(row).toEqual(ASKED);
    expect(decodeJwt(token)).toMatchObject(ASKED);
  });
});

describe('weakness 5: a token was revoked only for those who asked', () => {
  it('revoking by the id that was returned works without the caller’s help, and the id belongs to its token', async () => {
    const one = await tokenOf(gateway.url, agent);
    const two = await tokenOf(gateway.url, agent);
    expect(await codeOfToken(one.agent_token, one.token_id)).toBe('accepted');
    expect(await codeOfToken(two.agent_token, one.token_id)).toBe('agent_token_invalid');
    const revoked = await call('POST', `${gateway.url}/api/tokens/${one.token_id}/revoke`, undefined, admin);
    expect(revoked.status).toBe(200);
    expect(await codeOfToken(one.agent_token)).toBe('agent_token_revoked');
    expect(await codeOfToken(two.agent_token)).toBe('accepted');
  });
});

describe('weakness 6: tokens without end, kept in clear, of agents that nobody could stop', () => {
  it('24 hours are the most, a hash is kept, and an agent can be made inactive', async () => {
    const at = (ms: number) => ({ expires_at: new Date(Date.now() + ms).toISOString() });
    expect((await askForToken(gateway.url, agent, { expires_at: '2999-01-01T00:00:00Z' })).status).toBe(400);
    expect((await askForToken(gateway.url, agent, at(86_460_000))).status).toBe(400);
    expect((await askForToken(gateway.url, agent, at(86_390_000))).status).toBe(201);
    const { agent_token: token } = await tokenOf(gateway.url, agent);
    const rows = JSON.stringify(await gateway.database.query('select * from tool_tokens'));
    for (const part of [token, token.split('.')[1], token.split('.')[2]]) expect(rows).not.toContain(part);
    const url = `${gateway.url}/api/agents/${agent.agentId}`;
    await call('PATCH', url, { status: 'inactive' }, admin);
    expect(await codeOfToken(token)).toBe('agent_inactive');
    expect((await askForToken(gateway.url, agent)).status).toBe(403);
    await call('PATCH', url, { status: 'active' }, admin);
  });
});

describe('weakness 7: the gateway made the private key and sent it', () => {
  it('it takes the public half, answers ids alone, and refuses a private key that is sent to it', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const url = `${gateway.url}/api/create-agent`;
    const body = { name: 'scout', role: 'scraper', created_by: 'ann' };
    expect((await call('POST', url, body, admin)).status).toBe(400);
    const public_key = publicKey.export({ format: 'pem', type: 'spki' });
    const made = await call<object>('POST', url, { ...body, public_key }, admin);
    expect(Object.keys(made.body).sort()).toEqual(['agent_id', 'key_id']);
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const refused = await call('POST', url, { ...body, public_key: pem }, admin);
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).not.toContain(pem.split('\n')[1]);
    const { d } = privateKey.export({ format: 'jwk' });
    const jwk = await call('POST', url, { ...body, public_jwk: privateKey.export({ format: 'jwk' }) }, admin);
    expect(jwk.status).toBe(400);
    expect(
      JSON.stringify([refused.body, jwk.body, await gateway.database.query('select * from tool_agent_keys')]),
    ).not.toContain(d);
  });
});

describe('weakness 8: encryption to oneself without a proof of who wrote it', () => {
  it('tokens are signed and anybody can verify them; what is encrypted does not open once a byte is changed', async () => {
    const { agent_token: token } = await tokenOf(gateway.url, agent);
    const { body } = await call<JSONWebKeySet>('GET', `${gateway.url}/.well-known/jwks.json`);
    expect((await jwtVerify(token, createLocalJWKSet(body))).payload.sub).toBe(agent.agentId);
    await call('POST', `${gateway.url}/api/admin/creds/rotate`, { tool: 'openai', credential: 'the secret' }, admin);
    const read = () =>
      call<{ secret?: string }>('POST', `${gateway.url}/v1/credentials:read`, { name: 'openai', run_id: 'r' }, admin);
    expect((await read()).body.secret).toBe('the secret');
    await gateway.database.query(
      `update tool_credentials set sealed = left(sealed, -1) || case when right(sealed, 1) = 'A' then 'Q' else 'A' end`,
    );
    expect((await read()).status).toBe(500);
  });
});
