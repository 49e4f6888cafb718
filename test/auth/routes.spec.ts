import { readSettings } from '#config';
import { NodeRunList, PERMISSIONS, Run, RunList } from '#contract';
import type { ErrorCode, Permission } from '#contract';
import { createTestDatabase, startTokenIssuer } from '#testing';
import type { TestDatabase, TokenClaims, TokenIssuer } from '#testing';
import { startSuite } from '../../apps/standalone/src/standalone.app.js';
import type { Suite } from '../../apps/standalone/src/standalone.app.js';
import { standaloneSettings } from '../../apps/standalone/src/standalone.config.js';
import { call, conforming, refusal } from '../e2e/http.js';
import type { Answer } from '../e2e/http.js';
import { startPdp } from '../e2e/pdp.js';
import type { StartedPdp } from '../e2e/pdp.js';

/** A route as the service's own OpenAPI document has it: a new one is in the table by itself. */
interface Route {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly url: string;
  readonly audience: string;
  /** undefined: public. */
  readonly permission: Permission | undefined;
}
interface Operation {
  readonly operationId: string;
  readonly 'x-permission'?: Permission;
  readonly requestBody?: unknown;
}

const SERVICES = [
  ['gateway', 'arp-run-gateway'],
  ['coordinator', 'arp-run-coordinator'],
  ['atomicExecutor', 'arp-atomic-executor'],
  ['pdp', 'arp-pdp'],
] as const;

/** What a route that is not public answers to whom. */
interface Attack {
  readonly name: string;
  /** The header Authorization; undefined: none. */
  readonly authorization: (route: Route, token: (claims: TokenClaims) => string) => string | undefined;
  readonly judge: (answer: Answer, route: Route) => void;
}

const is401 = (error: string, message: string) => (answer: Answer) => {
  expect(refusal(answer, 401, 'unauthorized')).toEqual({
    code: 'unauthorized',
    message,
    retryable: false,
    details: { error },
  });
  expect(answer.headers.get('www-authenticate')).toBe(`Bearer error="${error}", error_description="${message}"`);
};
const is403 = (answer: Answer, { permission }: Route) => {
  expect(refusal(answer, 403, 'forbidden').details).toEqual({ required_permission: permission });
  expect(answer.headers.get('www-authenticate')).toBe(
    `Bearer error="insufficient_scope", error_description="The caller may not do this.", scope="${permission}"`,
  );
};
const isLetIn = ({ status }: Answer) => expect([401, 403, 500, 503]).not.toContain(status);
const past = () => Math.floor(Date.now() / 1_000) - 3_600;

const ATTACKS: readonly Attack[] = [
  { name: 'no token', authorization: () => undefined, judge: is401('invalid_request', 'Missing Authorization header') },
  {
    name: 'a malformed header',
    authorization: () => 'Basic YWxpY2U6YWxpY2U=',
    judge: is401('invalid_request', 'Invalid Authorization header'),
  },
  {
    name: 'an expired token',
    authorization: (_, token) => token({ roles: ['arp-admin'], exp: past() }),
    judge: is401('invalid_token', 'Token expired'),
  },
  {
    name: 'a token of another issuer',
    authorization: (_, token) => token({ roles: ['arp-admin'], iss: 'https://login.example.com' }),
    judge: is401('invalid_token', 'Invalid token issuer'),
  },
  {
    name: 'a token for the other services',
    authorization: ({ audience }, token) =>
      token({ roles: ['arp-admin'], aud: SERVICES.map(([, name]) => name).filter((name) => name !== audience) }),
    judge: is401('invalid_token', 'Invalid token audience'),
  },
  { name: 'a token without a role', authorization: (_, token) => token({}), judge: is403 },
  {
    name: 'a token with every permission but the one',
    authorization: ({ permission }, token) =>
      token({ scope: PERMISSIONS.filter((other) => other !== permission).join(' ') }),
    judge: is403,
  },
  {
    name: 'a token with the one permission',
    authorization: ({ permission }, token) => token({ scope: permission }),
    judge: isLetIn,
  },
  { name: 'a token of an administrator', authorization: (_, token) => token({ roles: ['arp-admin'] }), judge: isLetIn },
];

/** What a route answers to somebody of another tenant who may do everything in his own. */
type ForeignAnswer =
  /** The thing does not exist for him. */
  | readonly ['refused', number, ErrorCode]
  /** It is not in what is listed to him. */
  | readonly ['listed']
  /** Nothing of a tenant is in it, and whoever has its permission works for all of them. */
  | readonly ['of no tenant'];

const ECHO = { node_type_id: 'jarvis.core.echo', version: '0.1.0' };
const NO_RUN = ['refused', 404, 'run_not_found'] as const;
const NO_NODE_RUN = ['refused', 404, 'node_run_not_found'] as const;
const NO_APPROVAL = ['refused', 404, 'approval_not_found'] as const;
const FOREIGN: Readonly<Record<string, ForeignAnswer>> = {
  health: ['of no tenant'],
  version: ['of no tenant'],
  start_run: ['refused', 409, 'run_already_exists'],
  list_runs: ['listed'],
  get_run: NO_RUN,
  cancel_run: NO_RUN,
  list_node_runs: NO_RUN,
  stream_run_events: NO_RUN,
  create_node_runs: NO_RUN,
  get_node_run: NO_NODE_RUN,
  stream_node_run_events: NO_NODE_RUN,
  report_node_run_evaluation: NO_NODE_RUN,
  complete_node_run: NO_NODE_RUN,
  execute_atomic_node_run: ['of no tenant'],
  cancel_atomic_node_run: ['of no tenant'],
  list_atomic_node_runs: ['listed'],
  list_node_types: ['of no tenant'],
  list_node_packs: ['of no tenant'],
  list_approvals: ['listed'],
  get_approval: NO_APPROVAL,
  approve_approval: NO_APPROVAL,
  deny_approval: NO_APPROVAL,
  decide_policy: ['of no tenant'],
  get_artifact: ['refused', 404, 'artifact_not_found'],
};

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
    });
    suite = await startSuite(settings, () => undefined);
    pdp = await startPdp({ ARP_AUTH_PROFILE: '', ARP_AUTH_MODE: 'required', ARP_AUTH_ISSUER: issuer.issuer });
    const { gateway, coordinator, atomicExecutor } = suite;
    urls = { gateway, coordinator, atomicExecutor, pdp: pdp.url };
    routes = (await Promise.all(SERVICES.map(([name, audience]) => routesOf(urls[name], audience)))).flat();
  });
  afterAll(async () => {
    await pdp.stop();
    await suite.stop();
    await database.drop();
    await issuer.close();
    process.stdout.write(`Routes under attack: ${routes.length} routes, ${cells} cells.\n`);
  });

  async function ask(route: Route, { authorization, judge }: Attack): Promise<void> {
    const header = authorization(route, (claims) => `Bearer ${issuer.token({ aud: route.audience, ...claims })}`);
    const body = route.method === 'POST' ? {} : undefined;
    const answer = await call(route.method, route.url, body, header === undefined ? {} : { authorization: header });
    try {
      if (route.permission === undefined) expect(answer.status).toBe(200);
      else judge(answer, route);
    } catch (error) {
      throw new Error(`${route.method} ${route.path} of ${route.audience}`, { cause: error });
    }
    cells += 1;
  }

  it('is there: the standard’s and ours', () => {
    expect(routes.filter(({ permission }) => permission === undefined).map(({ path }) => path)).toEqual(
      SERVICES.flatMap(() => ['/v1/health', '/v1/version']),
    );
    expect(new Set(routes.map(({ audience }) => audience)).size).toBe(SERVICES.length);
    expect(routes.length).toBeGreaterThan(25);
  });

  it('answers to another tenant as if nothing were there', async () => {
    const all = PERMISSIONS.filter((permission) => permission !== 'tenant.all').join(' ');
    const as = (tenant_id: string, aud: string) => ({
      authorization: `Bearer ${issuer.token({ sub: tenant_id, tenant_id, aud, scope: all })}`,
    });
    const constraints = { gates: { require_approval: true } };
    const start = { run_id: 'run-of-acme', root_node_type_ref: ECHO, input: { secret: 'of acme' }, constraints };
    const run = conforming(Run, await call('POST', `${suite.gateway}/v1/runs`, start, as('acme', 'arp-run-gateway')));
    const ids: Readonly<Record<string, string>> = {
      '{run_id}': run.run_id,
      '{node_run_id}': run.root_node_run_id,
      '{approval_id}': run.root_node_run_id.replace('node_run_', 'approval_'),
      '{artifact_id}': `sha256:${'0'.repeat(64)}`,
    };
    const bodies: Readonly<Record<string, object>> = {
      start_run: start,
      create_node_runs: {
        run_id: run.run_id,
        parent_node_run_id: run.root_node_run_id,
        node_runs: [{ node_type_ref: ECHO, inputs: {} }],
      },
      approve_approval: { comment: 'mine' },
      deny_approval: {},
      report_node_run_evaluation: { evaluation_result: { status: 'success' } },
      complete_node_run: { state: 'succeeded', outputs: {} },
    };
    const waits = async () =>
      (
        await call(
          'GET',
          `${suite.gateway}/v1/approvals/${ids['{approval_id}']}`,
          undefined,
          as('acme', 'arp-run-gateway'),
        )
      ).status;
    for (let left = 200; (await waits()) !== 200; left -= 1) {
      if (left === 0) throw new Error('the run does not wait for an approval');
      await new Promise((settle) => setTimeout(settle, 50));
    }
    let found = 0;
    for (const { operationId, method, path, audience } of routes) {
      const expected = FOREIGN[operationId];
      if (expected === undefined) throw new Error(`${operationId} is new: what does it answer to another tenant?`);
      cells += 1;
      if (expected[0] === 'of no tenant') continue;
      const base = urls[SERVICES.find(([, name]) => name === audience)?.[0] ?? 'gateway'];
      const url = base + path.replaceAll(/\{\w+\}/g, (name) => ids[name] ?? name);
      const ask = (tenant: string) => call(method, url, bodies[operationId], as(tenant, audience));
      const answer = await ask('globex');
      expect(JSON.stringify(answer.body)).not.toContain('secret');
      if (expected[0] === 'refused') {
        refusal(answer, expected[1], expected[2]);
      } else {
        expect(JSON.stringify(answer.body)).not.toContain(run.run_id);
        if (operationId === 'list_runs') {
          expect(conforming(RunList, await ask('acme')).runs.map(({ run_id }) => run_id)).toContain(run.run_id);
        }
      }
      found += 1;
    }
    expect(found).toBeGreaterThan(15);
    // Nothing of all this has changed the run, and to its own tenant it is there.
    const nodeRuns = await call(
      'GET',
      `${suite.gateway}/v1/runs/${run.run_id}/node-runs`,
      undefined,
      as('acme', 'arp-run-gateway'),
    );
    expect(conforming(NodeRunList, nodeRuns).node_runs).toHaveLength(1);
  });

  it.each(ATTACKS.map((attack) => [attack.name, attack] as const))('answers to %s as it must', async (_, attack) => {
    const before = cells;
    for (const route of routes) await ask(route, attack);
    expect(cells - before).toBe(routes.length);
  });
});

async function routesOf(base: string, audience: string): Promise<Route[]> {
  const { body } = await call<{ paths: Record<string, Record<string, Operation>> }>('GET', `${base}/openapi.json`);
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operationId: operation.operationId,
      url: base + path.replaceAll(/\{\w+\}/g, 'unknown'),
      audience,
      permission: operation['x-permission'],
    })),
  );
}
