import { NodeRun, NodeRunList, Run, RunList } from '#contract';
import type { RunEvent } from '#contract';
import { call, conforming, refusal } from '../e2e/http.js';
import type { Answer } from '../e2e/http.js';
import { exchangedToken, serviceToken } from './secured-suite.js';
import type { Realm, SecuredSuite } from './secured-suite.js';

const ECHO = { root_node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' }, input: { text: 'hi' } };
const COMPOSITE = { root_node_type_ref: { node_type_id: 'composite.plan', version: '1' }, input: { goal: 'x' } };

/**
 * What holds of the whole suite behind an identity provider, whichever that is: people of two tenants run an echo through gateway,
 * coordinator and executor with exchanged tokens, and an outsider is refused at every hop.
 */
export function itIsSecured(
  provideRealm: () => Promise<Realm & { close(): Promise<void> }>,
  startSuite: (realm: Realm) => Promise<SecuredSuite>,
): void {
  let realm: Realm & { close(): Promise<void> };
  let suite: SecuredSuite;
  const tokens = new Map<string, string>();

  beforeAll(async () => {
    realm = await provideRealm();
    suite = await startSuite(realm);
    for (const user of ['alice', 'bob', 'carol', 'dave', 'olivia', 'dev']) {
      tokens.set(user, await realm.userToken(user));
    }
  });
  afterAll(async () => {
    await suite?.stop();
    await realm?.close();
  });

  const executorToken = () => serviceToken(realm, 'arp-run-coordinator', 'arp-atomic-executor');
  const ofUser = (user: string): string => tokens.get(user) ?? '';
  const at = <T>(url: string, token: string | undefined, method = 'GET', body?: unknown): Promise<Answer<T>> =>
    call<T>(method, url, body, token === undefined ? {} : { authorization: `Bearer ${token}` });
  const as = <T>(user: string, path: string, method = 'GET', body?: unknown): Promise<Answer<T>> =>
    at<T>(`${suite.gateway}/v1/${path}`, ofUser(user), method, body);

  /** Starts a run and follows it to its end. */
  async function ran(user: string, request: object): Promise<{ run: Run; events: RunEvent[] }> {
    const { run_id } = conforming(Run, await as(user, 'runs', 'POST', request));
    const response = await fetch(`${suite.gateway}/v1/runs/${run_id}/events?follow=1`, {
      headers: { authorization: `Bearer ${ofUser(user)}` },
    });
    const lines = (await response.text()).split('\n').filter((line) => line !== '');
    return {
      run: conforming(Run, await as(user, `runs/${run_id}`)),
      events: lines.map((line) => JSON.parse(line) as RunEvent),
    };
  }

  it.each([
    ['alice', 'acme'],
    ['bob', 'globex'],
  ])('%s of %s runs an echo; the run says who asked, by way of which clients', async (user, tenant) => {
    const { run, events } = await ran(user, ECHO);
    expect(run.state).toBe('succeeded');
    expect(events.map(({ type }) => type)).toContain('atomic_executed');
    expect(events.at(-1)?.type).toBe('run_completed');
    const subject = await realm.subject(user);
    expect(run.run_context).toMatchObject({
      tenant_id: tenant,
      actor: { type: 'user', id: subject },
      identity: { issuer: realm.issuer, subject, client_id: 'arp-run-gateway', actors: ['arp-dev-cli'] },
    });
    const { node_runs } = conforming(NodeRunList, await as(user, `runs/${run.run_id}/node-runs`));
    expect(node_runs.map(({ outputs }) => outputs)).toEqual([{ echo: ECHO.input }]);
  });

  it('somebody without a tenant owns what he starts', async () => {
    const { run } = await ran('dev', ECHO);
    expect(run.run_context?.actor?.id).toBe(await realm.subject('dev'));
    expect(run.run_context).not.toHaveProperty('tenant_id');
    refusal(await as('alice', `runs/${run.run_id}`), 404, 'run_not_found');
  });

  it('a composite run: its executor reports with the assignment token, its children are executed', async () => {
    const { run, events } = await ran('alice', COMPOSITE);
    expect(run.state).toBe('succeeded');
    expect(events.filter(({ type }) => type === 'atomic_executed')).toHaveLength(2);
    const begun = suite.composite.begins.find(({ run_id }) => run_id === run.run_id);
    const assignment = begun?.assignment_token ?? '';
    const other = await ran('alice', ECHO);
    const nodeRun = (id: string) => `${suite.coordinator}/v1/node-runs/${id}`;
    // Of its own run the executor reads what it likes; of others nothing, though they are of the same tenant.
    expect(conforming(NodeRun, await at(nodeRun(run.root_node_run_id), assignment)).state).toBe('succeeded');
    refusal(await at(nodeRun(other.run.root_node_run_id), assignment), 404, 'node_run_not_found');
    refusal(await at(`${nodeRun(other.run.root_node_run_id)}/events`, assignment), 404, 'node_run_not_found');
    const done = { state: 'succeeded' };
    refusal(
      await at(`${nodeRun(other.run.root_node_run_id)}:complete`, assignment, 'POST', done),
      403,
      'assignment_mismatch',
    );
    // Nor is it good for anything else.
    refusal(await at(`${suite.coordinator}/v1/runs/${run.run_id}`, assignment), 401, 'unauthorized');
    refusal(await at(`${suite.gateway}/v1/runs/${run.run_id}`, assignment), 401, 'unauthorized');
  });

  it('a body cannot say who asks', async () => {
    const subject = await realm.subject('alice');
    const identity = { issuer: realm.issuer, subject, client_id: 'evil', actors: ['evil'], roles: ['arp-admin'] };
    const forged = { tenant_id: 'globex', actor: { type: 'user', id: await realm.subject('bob') }, identity };
    const { run } = await ran('alice', { ...ECHO, run_context: forged });
    expect(run.run_context).toMatchObject({
      tenant_id: 'acme',
      actor: { type: 'user', id: subject },
      identity: { issuer: realm.issuer, subject, client_id: 'arp-run-gateway', actors: ['arp-dev-cli'] },
    });
    expect(run.run_context?.identity?.['roles']).toContain('arp-user');
    expect(run.run_context?.identity?.['roles']).not.toContain('arp-admin');
    refusal(await as('bob', `runs/${run.run_id}`), 404, 'run_not_found');
  });

  it('another tenant reads, lists, streams, cancels and takes over nothing', async () => {
    const { run } = await ran('alice', { ...ECHO, run_id: `alices-${Date.now()}` });
    const of = `runs/${run.run_id}`;
    refusal(await as('bob', of), 404, 'run_not_found');
    refusal(await as('bob', `${of}/events`), 404, 'run_not_found');
    refusal(await as('bob', `${of}/events?follow=1`), 404, 'run_not_found');
    refusal(await as('bob', `${of}/node-runs`), 404, 'run_not_found');
    refusal(await as('bob', `${of}:cancel`, 'POST'), 404, 'run_not_found');
    refusal(await as('bob', 'runs', 'POST', { ...ECHO, run_id: run.run_id }), 409, 'run_already_exists');
    const listed = async (user: string) =>
      conforming(RunList, await as(user, 'runs?limit=500')).runs.map(({ run_id }) => run_id);
    expect(await listed('alice')).toContain(run.run_id);
    expect(await listed('bob')).not.toContain(run.run_id);
    // A colleague may read it; who watches over all tenants sees it too.
    expect(await listed('carol')).toContain(run.run_id);
    expect(await listed('olivia')).toContain(run.run_id);
    expect(conforming(Run, await as('olivia', of)).run_id).toBe(run.run_id);
    // The same start again is the same run, for the whole tenant.
    expect(conforming(Run, await as('alice', 'runs', 'POST', { ...ECHO, run_id: run.run_id })).run_id).toBe(run.run_id);
  });

  it('roles say what one may do: a viewer starts and cancels nothing, without a role nobody does anything', async () => {
    const { run } = await ran('alice', ECHO);
    const { details } = refusal(await as('carol', 'runs', 'POST', ECHO), 403, 'forbidden');
    expect(details).toMatchObject({ required_permission: 'run.start' });
    refusal(await as('carol', `runs/${run.run_id}:cancel`, 'POST'), 403, 'forbidden');
    const answer = await as('dave', 'runs');
    refusal(answer, 403, 'forbidden');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="insufficient_scope", .*scope="run.read"$/);
    refusal(await as('dave', 'runs', 'POST', ECHO), 403, 'forbidden');
    expect(conforming(Run, await as('olivia', `runs/${run.run_id}:cancel`, 'POST')).state).toBe('succeeded');
  });

  it('an outsider is refused at every hop: each token is good for the service that it names', async () => {
    const { run } = await ran('alice', ECHO);
    const alice = ofUser('alice');
    const hops = {
      gateway: `${suite.gateway}/v1/runs/${run.run_id}`,
      coordinator: `${suite.coordinator}/v1/runs/${run.run_id}`,
      executor: `${suite.executor}/v1/node-types`,
    };
    const keys: Record<string, { token: string | undefined; opens: Partial<Record<keyof typeof hops, number>> }> = {
      'no token': { token: undefined, opens: {} },
      "alice's own": { token: alice, opens: { gateway: 200 } },
      "alice's, exchanged by the gateway": { token: await exchangedToken(realm, alice), opens: { coordinator: 200 } },
      "the gateway's": { token: await serviceToken(realm, 'arp-run-gateway'), opens: { coordinator: 403 } },
      "the coordinator's": { token: await executorToken(), opens: { executor: 200 } },
      "the coordinator's for another executor": {
        token: await serviceToken(realm, 'arp-run-coordinator', 'arp-composite-executor'),
        opens: {},
      },
      "the coordinator's for nobody": { token: await serviceToken(realm, 'arp-run-coordinator'), opens: {} },
      "the executor's": { token: await serviceToken(realm, 'arp-atomic-executor'), opens: {} },
      forged: { token: `${alice.slice(0, alice.lastIndexOf('.'))}.${'A'.repeat(342)}`, opens: {} },
    };
    const seen: Record<string, number> = {};
    const wanted: Record<string, number> = {};
    for (const [name, { token, opens }] of Object.entries(keys)) {
      for (const [hop, url] of Object.entries(hops)) {
        const answer = await at<{ error?: { code: string } }>(url, token);
        seen[`${name} at the ${hop}`] = answer.status;
        wanted[`${name} at the ${hop}`] = opens[hop as keyof typeof hops] ?? 401;
        if (answer.status === 401) expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_/);
      }
    }
    expect(seen).toEqual(wanted);
  });

  it('nobody executes at the executor but the coordinator', async () => {
    const work = { node_run_id: 'n', run_id: 'r', node_type_ref: ECHO.root_node_type_ref, inputs: {} };
    const url = `${suite.executor}/v1/atomic-node-runs:execute`;
    refusal(await at(url, ofUser('alice'), 'POST', work), 401, 'unauthorized');
    refusal(await at(url, await exchangedToken(realm, ofUser('alice')), 'POST', work), 401, 'unauthorized');
    refusal(await at(url, await serviceToken(realm, 'arp-run-gateway'), 'POST', work), 401, 'unauthorized');
    const executed = await at(url, await executorToken(), 'POST', work);
    expect(executed.body).toMatchObject({ state: 'succeeded' });
  });

  it('no token and no secret is in any log', () => {
    const logged = suite.logged?.();
    if (logged === undefined) return;
    expect(logged).toContain('atomic-node-runs:execute');
    for (const token of tokens.values()) {
      expect(logged).not.toContain(token);
      expect(logged).not.toContain(token.split('.')[2]);
    }
    expect(logged).not.toMatch(/eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{20,}/);
    for (const client of ['arp-run-gateway', 'arp-run-coordinator']) {
      expect(logged).not.toContain(realm.secretOf(client));
    }
  });
}
