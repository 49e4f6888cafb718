import { readSettings } from '#config';
import { PERMISSIONS } from '#contract';
import { createTestDatabase, startTokenIssuer } from '#testing';
import type { TestDatabase, TokenIssuer } from '#testing';
import { startSuite } from '../../apps/standalone/src/standalone.app.js';
import type { Suite } from '../../apps/standalone/src/standalone.app.js';
import { standaloneSettings } from '../../apps/standalone/src/standalone.config.js';
import { call } from '../e2e/http.js';
import { startPdp } from '../e2e/pdp.js';
import type { StartedPdp } from '../e2e/pdp.js';
import { MASTER_KEYS, registerAgent, tokenOf } from '../tool-gateway/identity-gateway.js';
import { FOREIGN, withIds } from './foreign-answers.js';
import { attack, ATTACKS, FOR_AGENTS, nameOf, PUBLIC, refusalOf, routesOf, SERVICES } from './route-attacks.js';
import type { Route } from './route-attacks.js';
import { thingsOf } from './things-of-a-tenant.js';

const PERMITTED = { tools: ['serpapi'], permissions: ['read'] };

describe('every route of every service', () => {
  let issuer: TokenIssuer;
  let database: TestDatabase;
  let suite: Suite;
  let pdp: StartedPdp;
  let urls: Readonly<Record<(typeof SERVICES)[number][0], string>>;
  let routes: Route[];
  let cells = 0;
  beforeAll(async () => {
    issuer = await startTokenIssuer();
    database = await createTestDatabase();
    const settings = readSettings(standaloneSettings, {
      ARP_AUTH_MODE: 'required',
      ARP_AUTH_ISSUER: issuer.issuer,
      JARVIS_POLICY_PROFILE: 'dev-allow',
      LOG_LEVEL: 'silent',
      DATABASE_URL: database.url,
      ARP_RUN_GATEWAY_PORT: '0',
      ARP_RUN_COORDINATOR_PORT: '0',
      ARP_ATOMIC_EXECUTOR_PORT: '0',
      ARP_TOOL_GATEWAY_PORT: '0',
      JARVIS_TOOL_ENCRYPTION_KEYS: MASTER_KEYS,
      UPSTREAM_MODE: 'mock',
    });
    suite = await startSuite(settings, () => undefined);
    pdp = await startPdp({ ARP_AUTH_PROFILE: '', ARP_AUTH_MODE: 'required', ARP_AUTH_ISSUER: issuer.issuer });
    const { gateway, coordinator, atomicExecutor, toolGateway } = suite;
    urls = { gateway, coordinator, atomicExecutor, toolGateway, pdp: pdp.url };
    routes = (await Promise.all(SERVICES.map(([name, audience]) => routesOf(urls[name], audience)))).flat();
  });
  afterAll(async () => {
    await pdp.stop();
    await suite.stop();
    await database.drop();
    await issuer.close();
    process.stdout.write(`Routes under attack: ${routes.length} routes, ${cells} cells.\n`);
  });

  /** Somebody who may do everything in his tenant. */
  const as = (tenant_id: string, aud: string) => {
    const scope = PERMISSIONS.filter((permission) => permission !== 'tenant.all').join(' ');
    return { authorization: `Bearer ${issuer.token({ sub: tenant_id, tenant_id, aud, scope })}` };
  };

  it('is there: the standard’s and ours; those that the guard leaves open are known by name', () => {
    const open = routes.filter(({ permission }) => permission === undefined).map(nameOf);
    expect(open.sort()).toEqual([...PUBLIC, ...Object.keys(FOR_AGENTS)].sort());
    expect(new Set(routes.map(({ audience }) => audience)).size).toBe(SERVICES.length);
    expect(routes.length).toBeGreaterThan(60);
  });

  it('answers to another tenant as if nothing were there', async () => {
    const acme = await thingsOf(suite, (audience) => as('acme', audience));
    const before = await acme.look();
    let found = 0;
    for (const route of routes) {
      const { operationId, method, path, audience } = route;
      const expected = FOREIGN[operationId];
      if (expected === undefined) throw new Error(`${operationId} is new: what does it answer to another tenant?`);
      cells += 1;
      if (expected[0] === 'of no tenant') continue;
      const base = urls[SERVICES.find(([, name]) => name === audience)?.[0] ?? 'gateway'];
      const ask = (tenant: string, query = '') =>
        call(method, withIds(base + path + query, acme.ids), acme.bodies[operationId], as(tenant, audience));
      const answer = await ask('globex');
      expect(JSON.stringify(answer.body)).not.toContain('of acme');
      if (expected[0] === 'refused') {
        refusalOf(answer, route, expected[1], expected[2]);
      } else {
        const [, id, query] = expected;
        expect({ operationId, status: answer.status }).toEqual({ operationId, status: 200 });
        for (const seen of [answer, await ask('globex', query)]) {
          for (const own of Object.values(acme.ids).filter((one) => one !== 'serpapi')) {
            expect(JSON.stringify(seen.body)).not.toContain(own);
          }
        }
        if (id !== undefined) {
          expect(JSON.stringify(answer.body)).not.toContain(withIds(id, acme.ids));
          for (const seen of [await ask('acme'), await ask('acme', query)]) {
            expect(JSON.stringify(seen.body)).toContain(withIds(id, acme.ids));
          }
        }
      }
      found += 1;
    }
    expect(found).toBeGreaterThan(40);
    // Nothing of all this has changed anything.
    expect(await acme.look()).toEqual(before);

    // Nor does an agent of the other tenant reach a job of an agent of this one.
    const agent = await registerAgent(suite.toolGateway, as('globex', 'arp-tool-gateway'));
    const { agent_token } = await tokenOf(suite.toolGateway, agent, PERMITTED, { claims: PERMITTED });
    const path = '/api/jobs/{job_id}';
    const url = withIds(suite.toolGateway + path, acme.ids);
    const asked = await call('GET', url, undefined, { authorization: `Bearer ${agent_token}` });
    refusalOf(asked, { path }, 404, 'job_not_found');
  });

  it.each(ATTACKS.map((one) => [one.name, one] as const))('answers to %s as it must', async (_, one) => {
    for (const route of routes) await attack(route, one, (claims) => issuer.token(claims));
    cells += routes.length;
  });
});
