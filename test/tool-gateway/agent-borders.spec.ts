import { readSettings } from '#config';
import { PERMISSIONS } from '#contract';
import type { Permission } from '#contract';
import { createTestDatabase, startTokenIssuer } from '#testing';
import type { TestDatabase, TokenClaims, TokenIssuer } from '#testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSuite } from '../../apps/standalone/src/standalone.app.js';
import type { Suite } from '../../apps/standalone/src/standalone.app.js';
import { standaloneSettings } from '../../apps/standalone/src/standalone.config.js';
import { call } from '../e2e/http.js';
import type { Answer } from '../e2e/http.js';
import { assertionOf, registerAgent, tokenOf } from './identity-gateway.js';
import type { RegisteredAgent } from './identity-gateway.js';

/** A route as the served OpenAPI document has it: a new one is in the table by itself. */
interface Route {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** undefined: the guard of the suite lets everybody through. */
  readonly permission: Permission | undefined;
}

const AUDIENCE = 'arp-tool-gateway';
const FETCH = { tool: 'http_fetch', action: 'get', params: { url: 'https://example.com/' } };
const EVERYTHING = PERMISSIONS.filter((permission) => permission !== 'tenant.all').join(' ');

/** Beyond test/auth/routes.spec.ts: agents and principals are two kinds of caller, and agents of one tenant are apart from each other. */
describe('borders of agents', () => {
  let issuer: TokenIssuer;
  let database: TestDatabase;
  let dataDir: string;
  let suite: Suite;
  let routes: Route[];
  let agent: RegisteredAgent;
  let agentToken: string;
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const as = (claims: TokenClaims) => bearer(issuer.token({ aud: AUDIENCE, ...claims }));
  const acme = () => as({ sub: 'ann', tenant_id: 'acme', scope: EVERYTHING });
  const ask = ({ method, path }: Route, headers: Record<string, string>, body?: unknown): Promise<Answer> =>
    call(method, suite.toolGateway + path, method === 'GET' || method === 'DELETE' ? undefined : (body ?? {}), headers);
  const post = <T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> =>
    call<T>('POST', suite.toolGateway + path, body, headers);
  beforeAll(async () => {
    issuer = await startTokenIssuer();
    database = await createTestDatabase();
    dataDir = mkdtempSync(join(tmpdir(), 'tool-routes-'));
    const settings = readSettings(standaloneSettings, {
      ARP_AUTH_MODE: 'required',
      ARP_AUTH_ISSUER: issuer.issuer,
      JARVIS_POLICY_PROFILE: 'dev-allow',
      LOG_LEVEL: 'silent',
      UPSTREAM_MODE: 'mock',
      DATABASE_URL: database.url,
      ARP_DATA_DIR: dataDir,
      ARP_RUN_GATEWAY_PORT: '0',
      ARP_RUN_COORDINATOR_PORT: '0',
      ARP_ATOMIC_EXECUTOR_PORT: '0',
      ARP_TOOL_GATEWAY_PORT: '0',
    });
    suite = await startSuite(settings, () => undefined);
    routes = await routesOf(suite.toolGateway);
    agent = await registerAgent(suite.toolGateway, acme());
    agentToken = (await tokenOf(suite.toolGateway, agent)).agent_token;
  });
  afterAll(async () => {
    await suite.stop();
    await database.drop();
    await issuer.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const guarded = () => routes.filter(({ permission }) => permission !== undefined);

  it('an agent token opens no route that manages', async () => {
    for (const route of guarded()) {
      for (const authorization of [`Bearer ${agentToken}`, `DPoP ${agentToken}`]) {
        expect([route.id, (await ask(route, { authorization })).status]).toEqual([route.id, 401]);
      }
    }
  });

  it('a token of the identity provider opens no route of agents', async () => {
    const admin = issuer.token({ aud: AUDIENCE, sub: agent.agentId, tenant_id: 'acme', roles: ['arp-admin'] });
    const answers = [
      await post('/api/proxy-request', FETCH, bearer(admin)),
      await post('/api/proxy-request', { ...FETCH, agent_token: admin }),
      await call('GET', `${suite.toolGateway}/api/jobs/job_1`, undefined, bearer(admin)),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ status: 401, body: { code: 'agent_token_invalid' } });
  });

  it('an agent is shown nothing of another of the same tenant', async () => {
    const other = await registerAgent(suite.toolGateway, acme());
    const { agent_token: foreign } = await tokenOf(suite.toolGateway, other);
    const { agent_token: token } = await tokenOf(suite.toolGateway, agent);
    const policy = { name: 'of acme', agentId: agent.agentId, spec: { scopes: ['http_fetch:get'] } };
    expect((await post('/api/policies', policy, acme())).status).toBe(201);
    expect((await post('/api/proxy-request', { ...FETCH, agent_token: token })).status).toBe(200);
    const key = { idempotency_key: 'the same key' };
    const job = await post<{ job_id: string }>('/api/proxy-request', {
      ...FETCH,
      ...key,
      agent_token: token,
      async: true,
    });
    expect(job.status).toBe(202);
    const read = (of: string) => call('GET', `${suite.toolGateway}/api/jobs/${job.body.job_id}`, undefined, bearer(of));
    expect(await read(foreign)).toMatchObject({ status: 404, body: { code: 'job_not_found' } });
    expect((await read(token)).status).toBe(200);
    // It has no policy: neither the cache nor the kept answer of the other lets it through.
    for (const more of [{}, { ...key, async: true }]) {
      expect(await post('/api/proxy-request', { ...FETCH, ...more, agent_token: foreign })).toMatchObject({
        status: 403,
        body: { code: 'tool_policy_denied', reason: 'no_policy' },
      });
    }
    // A role policy of another tenant gives nothing.
    const globex = as({ sub: 'gus', tenant_id: 'globex', scope: EVERYTHING });
    const role = { name: 'role', role: 'scraper', spec: { scopes: ['http_fetch:get'] } };
    expect((await post('/api/policies', role, globex)).status).toBe(201);
    expect((await post('/api/proxy-request', { ...FETCH, agent_token: foreign })).status).toBe(403);
    // The key of one agent signs for no other.
    const { status, body } = await post('/api/generate-token', {
      ...{ agent_id: agent.agentId, tools: ['http_fetch'], permissions: ['read'] },
      assertion: await assertionOf({ ...agent, privateKey: other.privateKey }),
    });
    expect({ status, body }).toMatchObject({ status: 401, body: { code: 'agent_assertion_invalid' } });
  });
});

async function routesOf(base: string): Promise<Route[]> {
  type Operation = { readonly operationId: string; readonly 'x-permission'?: Permission };
  const { body } = await call<{ paths: Record<string, Record<string, Operation>> }>('GET', `${base}/openapi.json`);
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      permission: operation['x-permission'],
    })),
  );
}
