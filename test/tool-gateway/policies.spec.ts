import { randomBytes } from 'node:crypto';
import { readSettings } from '#config';
import { readRequest } from '#contract';
import { listen } from '#http';
import { startTokenIssuer } from '#testing';
import type { TestDatabase, TokenIssuer } from '#testing';
import { MergedToolPolicy, PolicyLogEntry, ToolPolicy } from '../../apps/tool-gateway/src/policies/tool-policy.js';
import { createToolGateway, provideToolGatewayDatabase } from '../../apps/tool-gateway/src/tool-gateway.app.js';
import { toolGatewaySettings } from '../../apps/tool-gateway/src/tool-gateway.config.js';
import { CleanUp } from '../e2e/coordinators.js';
import { call } from '../e2e/http.js';
import type { Answer } from '../e2e/http.js';

const AUDIENCE = 'arp-tool-gateway';

interface FlatError {
  readonly error: string;
  readonly code: string;
  readonly details?: { readonly issues?: readonly { readonly path: string; readonly message: string }[] };
}

describe('the routes of policies', () => {
  const steps = new CleanUp();
  let issuer: TokenIssuer;
  let database: TestDatabase;
  let gateway: string;
  beforeAll(async () => {
    issuer = steps.add(await startTokenIssuer(AUDIENCE), (one) => one.close());
    database = await steps.database();
    const settings = readSettings(toolGatewaySettings, {
      ARP_AUTH_MODE: 'required',
      ARP_AUTH_ISSUER: issuer.issuer,
      ARP_AUTH_AUDIENCE: AUDIENCE,
      DATABASE_URL: database.url,
      JARVIS_TOOL_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      LOG_LEVEL: 'silent',
    });
    const provided = steps.add(await provideToolGatewayDatabase(settings, () => undefined), (one) => one.release());
    const service = steps.add(await createToolGateway(settings, provided), (one) => one.stop());
    gateway = await listen(service, { host: '127.0.0.1', port: 0, portSetting: 'the test' });
    await database.query(
      `insert into tool_agents (agent_id, owner, name, role, status, created_at, updated_at)
       values ('agent_1', 'tenant:acme', 'one', 'scraper', 'active', now(), now())`,
    );
  });
  afterAll(() => steps.run());

  const as = <T>(role: string, method: string, path: string, body?: unknown, tenant = 'acme'): Promise<Answer<T>> =>
    call<T>(method, `${gateway}${path}`, body, {
      authorization: `Bearer ${issuer.token({ roles: [role], sub: `of-${tenant}`, tenant_id: tenant })}`,
    });
  const admin = <T = FlatError>(method: string, path: string, body?: unknown) =>
    as<T>('arp-tool-admin', method, path, body);
  const POLICY = {
    name: 'one',
    agentId: 'agent_1',
    spec: { scopes: ['http_fetch:get'], guards: { maxRequestSize: 9 } },
  };

  it('make, show, change and delete a policy, with the shapes that they declare', async () => {
    const made = await admin('POST', '/api/policies', POLICY);
    expect(made.status).toBe(201);
    const policy = readRequest(ToolPolicy, made.body);
    expect(policy).toMatchObject({ ...POLICY, active: true });
    expect(policy.specHash).toMatch(/^[0-9a-f]{64}$/);

    const path = `/api/policies/${policy.id}`;
    expect(readRequest(ToolPolicy, (await admin('GET', path)).body)).toEqual(policy);
    const changed = readRequest(ToolPolicy, (await admin('PATCH', path, { active: false })).body);
    expect(changed).toMatchObject({ id: policy.id, active: false });
    const listed = await admin<unknown[]>('GET', '/api/policies?active=false&agentId=agent_1');
    expect(listed.body.map((one) => readRequest(ToolPolicy, one).id)).toEqual([policy.id]);
    expect((await admin<unknown[]>('GET', '/api/policies?active=true')).body).toEqual([]);
    expect((await admin('DELETE', path)).status).toBe(204);
    const gone = await admin('GET', path);
    expect([gone.status, gone.body.code]).toEqual([404, 'tool_policy_not_found']);
  });

  it('show the merged policy of an agent', async () => {
    const { body } = await admin<{ id: string }>('POST', '/api/policies', {
      ...POLICY,
      agentId: undefined,
      role: 'scraper',
    });
    const merged = readRequest(MergedToolPolicy, (await admin('GET', '/api/policies/merged/agent_1')).body);
    expect(merged).toMatchObject({
      agentId: 'agent_1',
      agentRole: 'scraper',
      mergedSpec: { scopes: ['http_fetch:get'], intents: [], schedules: [], guards: { timeWindows: [] } },
      sourcePolicies: [body.id],
    });
    const none = await admin('GET', '/api/policies/merged/agent_2');
    expect([none.status, none.body.code]).toEqual([404, 'agent_not_found']);
  });

  it('show the log', async () => {
    await database.query(
      `insert into tool_policy_decisions (at, owner, agent_id, policy_ids, tool, action, decision, code, reason, facts)
       select now(), 'tenant:acme', 'agent_1', '{}', 'a', 'b', 'deny', 'no_policy', 'Why.', '{"requestBytes": 1, "hosts": []}'
         from generate_series(1, 60)`,
    );
    const { body } = await admin<unknown[]>('GET', '/api/policy-logs');
    expect(body).toHaveLength(50);
    expect(readRequest(PolicyLogEntry, body[0])).toMatchObject({ decision: 'deny', code: 'no_policy', reason: 'Why.' });
    expect((await admin<unknown[]>('GET', '/api/policy-logs?limit=3&agentId=agent_1')).body).toHaveLength(3);
    const tooMany = await admin('GET', '/api/policy-logs?limit=101');
    expect([tooMany.status, tooMany.body.error]).toEqual([400, 'limit must be a whole number from 1 to 100.']);
    expect((await admin('GET', '/api/policy-logs?agent_id=agent_1')).status).toBe(400);
  });

  it('name each mistake with its path, in a flat error', async () => {
    const spec = { scopes: ['http_fetch:get'], guards: { color: 1, timeWindow: { start: 9, end: '10:00' } } };
    const shape = await admin('POST', '/api/policies', { ...POLICY, spec });
    expect([shape.status, shape.body.code, typeof shape.body.error]).toEqual([400, 'invalid_request', 'string']);
    expect(shape.body.details?.issues?.map(({ path }) => path)).toEqual([
      'spec.guards.color',
      'spec.guards.timeWindow.start',
    ]);
    const zone = { scopes: ['http_fetch:get'], schedule: { timezone: 'Nowhere/City' } };
    const meaning = await admin('POST', '/api/policies', { ...POLICY, spec: zone });
    expect(meaning.body.details?.issues).toEqual([
      { path: 'spec.schedule.timezone', message: 'must be an IANA time zone, such as Europe/Berlin, or UTC' },
    ]);
    const { agentId: _, ...nobodys } = POLICY;
    expect((await admin('POST', '/api/policies', nobodys)).status).toBe(400);
    expect((await admin('POST', '/api/policies', { ...POLICY, role: 'scraper' })).status).toBe(400);
  });

  it('need the permission, and show nothing of another tenant', async () => {
    const { body } = await admin<{ id: string }>('POST', '/api/policies', POLICY);
    const path = `/api/policies/${body.id}`;
    expect((await call('GET', `${gateway}/api/policies`)).status).toBe(401);
    expect((await as('arp-user', 'GET', '/api/policies')).status).toBe(403);
    expect((await as('arp-operator', 'GET', path)).status).toBe(200);
    expect((await as('arp-operator', 'DELETE', path)).status).toBe(403);
    expect((await as('arp-tool-admin', 'GET', path, undefined, 'globex')).status).toBe(404);
    expect((await as('arp-tool-admin', 'PATCH', path, { active: false }, 'globex')).status).toBe(404);
    expect((await as('arp-tool-admin', 'DELETE', path, undefined, 'globex')).status).toBe(404);
    expect((await as('arp-tool-admin', 'GET', '/api/policies', undefined, 'globex')).body).toEqual([]);
    expect((await as('arp-tool-admin', 'GET', '/api/policy-logs', undefined, 'globex')).body).toEqual([]);
    expect((await as('arp-tool-admin', 'POST', '/api/policies', POLICY, 'globex')).status).toBe(404);
  });

  it('are in the OpenAPI document, with closed schemas', async () => {
    const { body } = await call<{
      paths: Record<string, Record<string, object>>;
      components: { schemas: Record<string, { additionalProperties?: boolean }> };
    }>('GET', `${gateway}/openapi.json`);
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining([
        '/api/policies',
        '/api/policies/{policy_id}',
        '/api/policies/merged/{agent_id}',
        '/api/policy-logs',
      ]),
    );
    expect(body.components.schemas['PolicySpec']).toMatchObject({ additionalProperties: false, required: ['scopes'] });
    expect(body.components.schemas['PolicySchedule']).toMatchObject({
      properties: { allowedDays: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 6 }, minItems: 1 } },
    });
  });
});
