/** The tool gateway in a secured deployment: processes of the built code behind an identity provider, with tokens that it issues. */
import { randomBytes } from 'node:crypto';
import type { NodeRun } from '#contract';
import { Health, Run } from '#contract';
import { routesOf } from '../auth/route-attacks.js';
import type { Route } from '../auth/route-attacks.js';
import { serviceToken } from '../auth/secured-suite.js';
import { errorOf } from '../e2e/coordinators.js';
import { call, conforming } from '../e2e/http.js';
import type { Answer } from '../e2e/http.js';
import { COURIER, COURIER_VERSION } from './courier-pack.js';
import { everyText } from './every-text.js';
import { playedRealm, startSecuredTools } from './secured-tools.js';
import type { SecuredTools } from './secured-tools.js';

const AUDIENCE = 'arp-tool-gateway';
const MAIL = { to: 'user@example.com', subject: 'Hello', body: 'Hello' };

let suite: SecuredTools;

describe('a tool gateway behind an identity provider', () => {
  let routes: Route[];
  beforeAll(async () => {
    suite = await startSecuredTools('mock', playedRealm);
    routes = (await routesOf(suite.services['tool-gateway'].url, AUDIENCE)).filter(
      ({ permission }) => permission !== undefined,
    );
  });
  afterAll(() => suite.stop());

  const statuses = async (authorization: string): Promise<Record<string, number>> => {
    const seen: Record<string, number> = {};
    for (const { method, url, path } of routes) {
      const body = ['POST', 'PATCH'].includes(method) ? {} : undefined;
      seen[`${method} ${path}`] = (await call(method, url, body, { authorization })).status;
    }
    return seen;
  };
  const everywhere = (status: number) =>
    Object.fromEntries(routes.map(({ method, path }): [string, number] => [`${method} ${path}`, status]));

  it('who manages tools registers an agent, which searches and sends a mail as a job, with its own key', async () => {
    await suite.manage('terry', 'POST', '/api/admin/creds/rotate', { tool: 'serpapi', credential: 'of acme' });
    const agent = await suite.agent('terry', ['serpapi:search', 'gmail_send:send']);
    const found = await agent.proxy<{ organic_results: object[] }>('serpapi', 'search', { q: 'coffee' });
    expect(found.organic_results.length).toBeGreaterThan(0);
    const { jobId } = await agent.proxyAsync('gmail_send', 'send', MAIL);
    const job = await agent.waitForJob<{ id: string }>(jobId, { pollMs: 50, timeoutMs: 60_000 });
    expect(job).toMatchObject({ status: 'done', result: { id: expect.any(String), label_ids: ['SENT'] } });
    await expect(agent.proxy('openai', 'chat', { messages: [] })).rejects.toMatchObject({ status: 400 });
    // The job is a run of the tool gateway's own account: nobody else reads it as a run.
    for (const user of ['alice', 'bob']) {
      const url = `${suite.services.gateway.url}/v1/runs/${jobId}`;
      expect((await call('GET', url, undefined, await suite.as(user))).status).toBe(404);
    }
    const { logs } = await suite.manage<{ logs: object[] }>('terry', 'GET', '/api/proxy/logs');
    expect(logs).toContainEqual(expect.objectContaining({ tool: 'serpapi', success: true }));
    expect((await suite.manage<{ logs: object[] }>('gus', 'GET', '/api/proxy/logs')).logs).toEqual([]);
  });

  it('the token of an agent opens what is for agents, and nothing else at any service', async () => {
    const agent = await suite.agent('terry', ['serpapi:search']);
    const authorization = `Bearer ${await agent.getToken({ tools: ['serpapi'], permissions: ['read', 'write'] })}`;
    expect(await statuses(authorization)).toEqual(everywhere(401));
    for (const [service, path] of [
      ['gateway', 'runs'],
      ['coordinator', 'runs'],
      ['atomic-executor', 'node-types'],
    ] as const) {
      const url = `${suite.services[service].url}/v1/${path}`;
      expect((await call('GET', url, undefined, { authorization })).status).toBe(401);
    }
  });

  it.each(['alice', 'carol', 'dave'])('%s manages nothing', async (user) => {
    expect(await statuses((await suite.as(user)).authorization)).toEqual(everywhere(403));
  });

  it('who manages tools has no secret, and does not rotate the key of all tenants', async () => {
    const seen = await statuses((await suite.as('terry')).authorization);
    const refused = Object.entries(seen).filter(([, status]) => status === 403);
    expect(refused.map(([name]) => name).sort()).toEqual([
      'POST /api/admin/signing-keys/rotate',
      'POST /v1/credentials:read',
    ]);
  });

  it('the token of the executor reads credentials and opens nothing else; no other service has one that does', async () => {
    const token = async (client: string, audience?: string) =>
      `Bearer ${await serviceToken(suite.realm, client, audience)}`;
    const executor = await token('arp-atomic-executor', AUDIENCE);
    expect(await statuses(executor)).toEqual({ ...everywhere(403), 'POST /v1/credentials:read': 400 });
    const url = `${suite.services['tool-gateway'].url}/v1/credentials:read`;
    const read = (authorization: string): Promise<Answer<{ secret?: string }>> =>
      call('POST', url, { name: 'serpapi', run_id: 'r', owner: 'tenant:acme' }, { authorization });
    expect(await read(executor)).toMatchObject({ status: 200, body: { secret: 'of acme' } });
    // For another service, or of one that may not ask for ours.
    expect((await read(await token('arp-atomic-executor'))).status).toBe(401);
    for (const client of ['arp-run-coordinator', 'arp-run-gateway', 'arp-tool-gateway']) {
      expect((await read(await token(client, AUDIENCE))).status).toBe(401);
    }
    expect(await statuses(await token('arp-run-coordinator', AUDIENCE))).toEqual(everywhere(401));
  });
});

describe('credentials of tenants behind an identity provider', () => {
  const canaries = {
    acme: `canary-acme-${randomBytes(9).toString('hex')}`,
    globex: `canary-globex-${randomBytes(9).toString('hex')}`,
    installation: `canary-all-${randomBytes(9).toString('hex')}`,
  };
  beforeAll(async () => {
    suite = await startSecuredTools('live', playedRealm);
    for (const [user, credential] of [
      ['terry', canaries.acme],
      ['gus', canaries.globex],
      ['admin', canaries.installation],
    ] as const) {
      const kept = await suite.manage(user, 'POST', '/api/admin/creds/rotate', { tool: COURIER, credential });
      said.push(JSON.stringify(kept));
    }
  });
  afterAll(() => suite.stop());

  /** Everything that was answered, but the answers of `credentials:read`. */
  const said: string[] = [];
  const at = async <T>(user: string, path: string, method = 'GET', body?: object): Promise<Answer<T>> => {
    const answer = await call<T>(method, `${suite.services.gateway.url}/v1/${path}`, body, await suite.as(user));
    said.push(JSON.stringify(answer.body));
    return answer;
  };

  /** Starts a run of a node of the pack through the gateway. */
  const start = async (user: string, path: string, node = 'call'): Promise<Run> => {
    const root_node_type_ref = { node_type_id: `${COURIER}.${node}`, version: COURIER_VERSION };
    const input = { url: suite.upstream.url + path };
    return conforming(Run, await at(user, 'runs', 'POST', { root_node_type_ref, input }));
  };

  const events = async (user: string, { run_id }: Run, follow = ''): Promise<string> => {
    const url = `${suite.services.gateway.url}/v1/runs/${run_id}/events${follow}`;
    const text = await (await fetch(url, { headers: await suite.as(user) })).text();
    said.push(text);
    return text;
  };

  /** The root when its run has ended. */
  const ended = async (user: string, run: Run): Promise<NodeRun> => {
    await events(user, run, '?follow=1');
    const { body } = await at<{ node_runs: NodeRun[] }>(user, `runs/${run.run_id}/node-runs`);
    const [root] = body.node_runs;
    if (root === undefined) throw new Error('the run has no node run');
    return root;
  };

  it.each([
    ['terry', canaries.acme],
    ['gus', canaries.globex],
  ])('the agent of %s works with the credential of his tenant, called and as a job', async (user, canary) => {
    const agent = await suite.agent(user, [`${COURIER}:call`]);
    const shown = { key: '[credential]', answer: { you_sent: 'Key [credential]' } };
    const called = await agent.proxy(COURIER, 'call', { url: `${suite.upstream.url}/called-by-${user}` });
    expect(called).toEqual(shown);
    const { jobId } = await agent.proxyAsync(COURIER, 'call', { url: `${suite.upstream.url}/job-of-${user}` });
    const job = await agent.waitForJob(jobId, { pollMs: 50, timeoutMs: 60_000 });
    said.push(JSON.stringify([called, job]));
    expect(job).toMatchObject({ status: 'done', result: shown });
    for (const path of [`/called-by-${user}`, `/job-of-${user}`]) {
      expect(suite.upstream.sent.get(path)).toBe(`Key ${canary}`);
    }
  });

  it.each([
    ['alice', canaries.acme],
    ['bob', canaries.globex],
  ])('a run of %s works with the credential of the tenant, and nobody sees it', async (user, canary) => {
    const root = await ended(user, await start(user, `/run-of-${user}`));
    expect(root).toMatchObject({ state: 'succeeded', outputs: { key: '[credential]' } });
    expect(suite.upstream.sent.get(`/run-of-${user}`)).toBe(`Key ${canary}`);
  });

  it('while the tool gateway is killed, runs that need a credential fail or wait; then they go on', async () => {
    const { 'tool-gateway': toolGateway, 'atomic-executor': executor } = suite.services;
    await toolGateway.kill();
    // Nobody without a tenant has asked for a credential before: the executor remembers none.
    const failed = await ended('dev', await start('dev', '/too-early'));
    expect(failed.state).toBe('failed');
    expect(errorOf(failed)).toMatchObject({ code: 'credential_store_unavailable', retryable: true });
    expect(conforming(Health, await call('GET', `${executor.url}/v1/health`)).status).toBe('degraded');
    const waiting = await start('dev', '/in-the-end', 'insist');
    for (let left = 600; !(await events('dev', waiting)).includes('credential_store_unavailable'); left -= 1) {
      if (left === 0) throw new Error('the run did not come to its first failure');
      await new Promise((settle) => setTimeout(settle, 50));
    }
    await toolGateway.start();
    expect((await ended('dev', waiting)).state).toBe('succeeded');
    expect((await ended('dev', await start('dev', '/later'))).state).toBe('succeeded');
    const { sent } = suite.upstream;
    expect(['/too-early', '/in-the-end', '/later'].map((path) => sent.get(path))).toEqual([
      undefined,
      `Key ${canaries.installation}`,
      `Key ${canaries.installation}`,
    ]);
  });

  it('no secret is in a log, an answer, an event or a row', async () => {
    const places = { logs: suite.logged(), answers: said.join('\n'), rows: await everyText(suite.database) };
    // Each is what it claims to be.
    expect(places.logs).toContain('printed [credential]');
    for (const service of ['arp-run-gateway', 'arp-run-coordinator', 'arp-atomic-executor', AUDIENCE]) {
      expect(places.logs).toContain(`"service":"${service}"`);
    }
    expect(places.answers).toContain('[credential]');
    expect(places.rows).toContain('[credential]');
    for (const [place, text] of Object.entries(places)) {
      for (const canary of Object.values(canaries)) {
        for (const encoding of ['utf8', 'hex', 'base64url'] as const) {
          const hidden = Buffer.from(canary).toString(encoding);
          expect({ place, hasSecret: text.includes(hidden) }).toEqual({ place, hasSecret: false });
        }
      }
      expect({ place, token: /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{20,}/.exec(text)?.[0] }).toEqual({ place, token: undefined });
      for (const client of ['arp-tool-gateway', 'arp-atomic-executor', 'arp-run-coordinator', 'arp-run-gateway']) {
        expect(text).not.toContain(suite.realm.secretOf(client));
      }
    }
  });
});
