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
/** What agents and everybody may ask without a principal of the identity provider. */
const UNGUARDED = [
  ...['generate_agent_token', 'call_tool', 'get_job'],
  ...['get_signing_keys', 'get_gateway_health', 'get_gateway_readiness', 'health', 'version'],
];
const EVERYTHING = PERMISSIONS.filter((permission) => permission !== 'tenant.all').join(' ');

/** Routes that name a thing, with a body that would do something; somebody else's is not there. */
const FOREIGN_404: Readonly<Record<string, object | undefined>> = {
  get_agent: undefined,
  update_agent: { status: 'inactive' },
  add_agent_key: undefined,
  remove_agent_key: undefined,
  list_tokens_of_agent: undefined,
  revoke_agent_token: undefined,
  revoke_agent_token_as_admin: undefined,
  get_tool_policy: undefined,
  update_tool_policy: { active: false },
  delete_tool_policy: undefined,
  get_merged_tool_policy: undefined,
  get_active_credential: undefined,
  activate_credential: undefined,
  delete_credential: undefined,
};
const LISTS = [
  ...['list_agents', 'list_agent_tokens', 'list_tool_policies', 'list_tool_policy_decisions', 'list_credentials'],
  ...['list_credential_versions', 'list_tool_calls'],
];
/** What they do concerns the caller's own things, or the installation. */
const NO_THING_OF_A_TENANT = [
  ...['create_agent', 'create_tool_policy', 'set_credential', 'rotate_credential', 'read_credential'],
  ...['rotate_signing_key', 'get_proxy_status'],
];

describe('every route of the tool gateway', () => {
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

  it('is in the table, and has a permission but for those of agents', () => {
    const known = [...UNGUARDED, ...Object.keys(FOREIGN_404), ...LISTS, ...NO_THING_OF_A_TENANT].sort();
    expect(routes.map(({ id }) => id).sort()).toEqual(known);
    const open = routes.filter(({ permission }) => permission === undefined);
    expect(open.map(({ id }) => id).sort()).toEqual([...UNGUARDED].sort());
  });

  it('that manages is for principals with its permission, and not for agents', async () => {
    const problems: unknown[] = [];
    const expectStatus = async (route: Route, headers: Record<string, string>, statuses: readonly number[]) => {
      const { status, body } = await ask(route, headers);
      if (!statuses.includes(status)) problems.push([route.id, status, body]);
    };
    for (const route of guarded()) {
      const { permission = 'run.read' } = route;
      const others = PERMISSIONS.filter((other) => other !== permission).join(' ');
      for (const headers of [{}, bearer(agentToken), { authorization: `DPoP ${agentToken}` }]) {
        await expectStatus(route, headers, [401]);
      }
      await expectStatus(
        route,
        as({ sub: 'eve', tenant_id: 'globex', aud: 'arp-run-gateway', scope: permission }),
        [401],
      );
      await expectStatus(route, as({ sub: 'eve', tenant_id: 'globex', scope: others }), [403]);
      await expectStatus(route, as({ sub: 'eve', tenant_id: 'globex', scope: permission }), [200, 201, 400, 404]);
    }
    expect(problems).toEqual([]);
  });

  it('of agents takes no token of the identity provider', async () => {
    const admin = issuer.token({ aud: AUDIENCE, sub: agent.agentId, tenant_id: 'acme', roles: ['arp-admin'] });
    const answers = [
      await post('/api/proxy-request', FETCH, bearer(admin)),
      await post('/api/proxy-request', { ...FETCH, agent_token: admin }),
      await call('GET', `${suite.toolGateway}/api/jobs/job_1`, undefined, bearer(admin)),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ status: 401, body: { code: 'agent_token_invalid' } });
  });

  it('answers to another tenant as if nothing were there', async () => {
    const { body: policy } = await post<{ id: string }>(
      '/api/policies',
      { name: 'of acme', agentId: agent.agentId, spec: { scopes: ['http_fetch:get'] } },
      acme(),
    );
    const { body: credential } = await post<{ id: string }>(
      '/api/admin/creds/rotate',
      { tool: 'serpapi', credential: 'secret of acme' },
      acme(),
    );
    const { token_id: tokenId, agent_token: token } = await tokenOf(suite.toolGateway, agent);
    expect((await post('/api/proxy-request', { ...FETCH, agent_token: token })).status).toBe(200);
    const job = await post<{ job_id: string }>('/api/proxy-request', { ...FETCH, agent_token: token, async: true });
    expect(job.status).toBe(202);
    const ids: Readonly<Record<string, string>> = {
      '{agent_id}': agent.agentId,
      '{key_id}': agent.keyId,
      '{token_id}': tokenId,
      '{policy_id}': policy.id,
      '{id}': credential.id,
      '{tool}': 'serpapi',
    };
    const globex = as({ sub: 'gus', tenant_id: 'globex', scope: EVERYTHING });
    const bodies: Readonly<Record<string, object | undefined>> = {
      add_agent_key: { public_key: agent.pem },
      activate_credential: { id: credential.id },
    };
    const marks = [agent.agentId, policy.id, credential.id, tokenId, job.body.job_id, 'secret of acme'];
    for (const route of guarded()) {
      const { id, path } = route;
      const sent = { ...FOREIGN_404, ...bodies }[id];
      const url = path.replaceAll(/\{\w+\}/g, (name) => ids[name] ?? name);
      if (id in FOREIGN_404) {
        expect([id, (await ask({ ...route, path: url }, globex, sent)).status]).toEqual([id, 404]);
      }
      if (LISTS.includes(id)) {
        const seen = JSON.stringify((await ask({ ...route, path: url }, globex)).body);
        expect([id, marks.filter((mark) => seen.includes(mark))]).toEqual([id, []]);
        const own = await ask({ ...route, path: url }, acme());
        expect([id, own.status, marks.some((mark) => JSON.stringify(own.body).includes(mark))]).toEqual([
          id,
          200,
          true,
        ]);
      }
    }
    const policyForForeignAgent = { name: 'x', agentId: agent.agentId, spec: { scopes: ['http_fetch:get'] } };
    expect((await post('/api/policies', policyForForeignAgent, globex)).status).toBe(404);
    // Nothing of all this has changed anything.
    expect((await post('/api/proxy-request', { ...FETCH, agent_token: token })).status).toBe(200);
  });

  it('shows an agent nothing of another of the same tenant', async () => {
    const other = await registerAgent(suite.toolGateway, acme());
    const { agent_token: foreign } = await tokenOf(suite.toolGateway, other);
    const { agent_token: token } = await tokenOf(suite.toolGateway, agent);
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
