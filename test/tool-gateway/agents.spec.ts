import { generateKeyPairSync } from 'node:crypto';
import { call } from '../e2e/http.js';
import { askForToken, registerAgent, startGuardedToolGateway, tokenOf } from './identity-gateway.js';
import type { GuardedToolGateway } from './identity-gateway.js';

/** An agent as it is shown. */
interface ShownAgent {
  readonly agent_id: string;
  readonly name: string;
  readonly keys: readonly { readonly key_id: string; readonly algorithm: string }[];
}

/** An answer of one of the routes of agents. */
interface Shown {
  readonly agent: ShownAgent;
  readonly agents: readonly ShownAgent[];
  readonly pagination: { readonly next_page_token?: string };
  readonly code?: string;
  readonly error?: string;
}

describe('agents', () => {
  let gateway: GuardedToolGateway;
  beforeAll(async () => {
    gateway = await startGuardedToolGateway();
  });
  afterAll(() => gateway.stop());
  const as = (sub: string, tenant: string | undefined, role = 'arp-tool-admin') => ({
    authorization: `Bearer ${gateway.issuer.token({ sub, tenant_id: tenant, aud: 'arp-tool-gateway', roles: [role] })}`,
  });
  const ask = (method: string, path: string, headers: Record<string, string>, body?: unknown) =>
    call<Shown>(method, `${gateway.url}/api${path}`, body, headers);
  const publicPem = () => generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }) as string;

  it('are shown with the public halves of their keys, changed, and listed a page at a time', async () => {
    const acme = as('ann', 'acme');
    const { agentId, keyId } = await registerAgent(gateway.url, acme);
    const { body } = await ask('GET', `/agents/${agentId}`, acme);
    expect(body.agent).toEqual({
      agent_id: agentId,
      name: 'scout',
      role: 'scraper',
      status: 'active',
      created_by: 'the tests',
      created_at: expect.any(String),
      updated_at: expect.any(String),
      keys: [
        {
          key_id: keyId,
          algorithm: 'EdDSA',
          public_jwk: { kty: 'OKP', crv: 'Ed25519', x: expect.any(String) },
          created_at: expect.any(String),
        },
      ],
    });
    const changed = await ask('PATCH', `/agents/${agentId}`, acme, { name: 'ranger', role: 'enricher' });
    expect(changed.body.agent).toMatchObject({ name: 'ranger', role: 'enricher', status: 'active' });

    const ids = [agentId];
    for (let count = 0; count < 4; count += 1) ids.push((await registerAgent(gateway.url, acme)).agentId);
    const seen: string[] = [];
    for (let token = ''; ;) {
      const page = (await ask('GET', `/agents?limit=2${token}`, acme)).body;
      seen.push(...page.agents.map(({ agent_id }) => agent_id));
      if (page.pagination.next_page_token === undefined) break;
      token = `&page_token=${page.pagination.next_page_token}`;
    }
    expect(seen).toHaveLength(5);
    expect(new Set(seen)).toEqual(new Set(ids));
    expect((await ask('GET', '/agents?owner=x', acme)).body.code).toBe('invalid_request');
  });

  it('of somebody else are as if they were not there', async () => {
    const { agentId, keyId } = await registerAgent(gateway.url, as('ann', 'acme'));
    const token = await tokenOf(gateway.url, { ...(await registerAgent(gateway.url, as('ann', 'acme'))) });
    for (const stranger of [as('gus', 'globex'), as('ann', undefined)]) {
      for (const [method, path, body] of [
        ['GET', `/agents/${agentId}`],
        ['PATCH', `/agents/${agentId}`, { status: 'inactive' }],
        ['POST', `/agents/${agentId}/keys`, { public_key: publicPem() }],
        ['DELETE', `/agents/${agentId}/keys/${keyId}`],
        ['GET', `/tokens/${agentId}`],
      ] as const) {
        expect(await ask(method, path, stranger, body)).toMatchObject({
          status: 404,
          body: { code: 'agent_not_found' },
        });
      }
      const revoked = await ask('POST', `/tokens/${token.token_id}/revoke`, stranger);
      expect(revoked).toMatchObject({ status: 404, body: { code: 'agent_token_not_found' } });
      expect(JSON.stringify((await ask('GET', '/agents?limit=500', stranger)).body)).not.toContain(agentId);
      expect(JSON.stringify((await ask('GET', '/admin/tokens', stranger)).body)).not.toContain(token.token_id);
    }
    const all = as('root', 'other', 'arp-admin');
    expect((await ask('GET', `/agents/${agentId}`, all)).status).toBe(200);
    expect((await ask('POST', `/tokens/${token.token_id}/revoke`, all)).status).toBe(200);
  });

  it('are asked for with the permission alone, but for the token that their key gets', async () => {
    const acme = as('ann', 'acme');
    const agent = await registerAgent(gateway.url, acme);
    const viewer = as('vic', 'acme', 'arp-viewer');
    for (const [method, path, body] of [
      ['POST', '/create-agent', { name: 'a', role: 'b', public_key: publicPem() }],
      ['GET', '/agents'],
      ['GET', `/agents/${agent.agentId}`],
      ['PATCH', `/agents/${agent.agentId}`, { status: 'inactive' }],
      ['POST', `/agents/${agent.agentId}/keys`, { public_key: publicPem() }],
      ['DELETE', `/agents/${agent.agentId}/keys/${agent.keyId}`],
      ['GET', `/tokens/${agent.agentId}`],
      ['GET', '/admin/tokens'],
      ['POST', '/tokens/x/revoke'],
      ['POST', '/admin/tokens/x/revoke'],
      ['POST', '/admin/signing-keys/rotate'],
      ['POST', '/admin/creds/set', { tool: 'a', credential: 'b' }],
      ['POST', '/admin/creds/rotate', { tool: 'a', credential: 'b' }],
      ['POST', '/admin/creds/activate', { id: 'a' }],
      ['GET', '/admin/creds'],
      ['GET', '/admin/creds/a'],
      ['GET', '/admin/creds/a/versions'],
      ['DELETE', '/admin/creds/a'],
    ] as const) {
      expect(await ask(method, path, {}, body)).toMatchObject({
        status: 401,
        body: { code: 'unauthorized', error: expect.any(String) },
      });
      expect(await ask(method, path, viewer, body)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    }
    expect((await askForToken(gateway.url, agent)).status).toBe(201);
    expect((await ask('GET', '/agents', acme)).status).toBe(200);
  });

  it('have ten keys at most, and a key once', async () => {
    const acme = as('ann', 'acme');
    const agent = await registerAgent(gateway.url, acme);
    const path = `/agents/${agent.agentId}/keys`;
    expect((await ask('POST', path, acme, { public_key: agent.pem })).body).toEqual({ key_id: agent.keyId });
    const added = await Promise.all(
      Array.from({ length: 12 }, () => ask('POST', path, acme, { public_key: publicPem() })),
    );
    expect(added.map(({ status }) => status).sort()).toEqual([...Array<number>(9).fill(201), 400, 400, 400]);
    expect((await ask('POST', path, acme, { public_key: agent.pem })).status).toBe(201);
    expect((await ask('GET', `/agents/${agent.agentId}`, acme)).body.agent.keys).toHaveLength(10);
  });

  it.each([
    ['name', { name: ' ' }],
    ['name', { name: 'x'.repeat(201) }],
    ['role', { role: 'a\nb' }],
    ['role', { role: '' }],
    ['created_by', { created_by: '\u0000' }],
    ['status', { status: 'active' }],
    ['public_key', { public_key: undefined }],
  ])('with a bad %s are refused: %j', async (path, flaw) => {
    const body = { name: 'a', role: 'b', public_key: publicPem(), ...flaw };
    const answer = await ask('POST', '/create-agent', as('ann', 'acme'), body);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', error: expect.stringContaining(path) },
    });
  });

  it('are changed by something', async () => {
    const acme = as('ann', 'acme');
    const { agentId } = await registerAgent(gateway.url, acme);
    for (const body of [{}, { status: 'dead' }, { name: '' }]) {
      expect((await ask('PATCH', `/agents/${agentId}`, acme, body)).status).toBe(400);
    }
  });
});
