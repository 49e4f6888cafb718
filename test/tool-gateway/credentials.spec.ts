import { randomBytes } from 'node:crypto';
import { StartupError } from '#http';
import { createTestDatabase } from '#testing';
import type { TestDatabase } from '#testing';
import { CredentialsService } from '../../apps/tool-gateway/src/credentials/credentials.service.js';
import { call, refusal } from '../e2e/http.js';
import type { Answer } from '../e2e/http.js';
import { MASTER_KEYS, registerAgent, startGuardedToolGateway, startToolGateway } from './identity-gateway.js';
import type { GuardedToolGateway, StartedToolGateway } from './identity-gateway.js';

const NEWER_KEY = `newer:${randomBytes(32).toString('base64')}`;

/** A version as it is shown. */
interface Version {
  readonly id: string;
  readonly tool: string;
  readonly version: string;
  readonly is_active: boolean;
  readonly owner?: string;
  readonly code?: string;
}

describe('credentials', () => {
  let home: TestDatabase;
  let gateway: StartedToolGateway;
  beforeEach(async () => {
    home = await createTestDatabase();
    gateway = await startToolGateway(home);
  });
  afterEach(async () => {
    await gateway.stop();
    await home.drop();
  });
  const admin = (method: string, path: string, body?: unknown) =>
    call<Version>(method, `${gateway.url}/api/admin/creds${path}`, body);
  const read = (name: string, more: Record<string, string> = {}) =>
    call<{ secret: string; version: string }>('POST', `${gateway.url}/v1/credentials:read`, {
      name,
      run_id: 'run_1',
      ...more,
    });

  it('are kept as versions, of which the activated one is used, and are shown without the secret', async () => {
    const first = await admin('POST', '/set', { tool: 'serpapi', credential: 'first secret', metadata: { by: 'ops' } });
    expect(first).toMatchObject({
      status: 201,
      body: { tool: 'serpapi', version: '1', is_active: false, metadata: { by: 'ops' } },
    });
    refusal(await read('serpapi'), 404, 'credential_not_found');
    expect(await admin('GET', '/serpapi')).toMatchObject({ status: 404, body: { code: 'credential_not_found' } });

    expect(await admin('POST', '/activate', { id: first.body.id })).toMatchObject({
      status: 200,
      body: { is_active: true },
    });
    const got = await read('serpapi');
    expect(got.body).toEqual({ name: 'serpapi', version: '1', secret: 'first secret' });
    expect(got.headers.get('cache-control')).toBe('no-store');

    const second = await admin('POST', '/set', { tool: 'serpapi', version: 'b', credential: 'second secret' });
    expect((await read('serpapi')).body.secret).toBe('first secret');
    await admin('POST', '/activate', { id: second.body.id });
    expect((await read('serpapi')).body.secret).toBe('second secret');
    const rotated = await admin('POST', '/rotate', { tool: 'serpapi', credential: 'third secret' });
    expect(rotated).toMatchObject({ status: 201, body: { version: '2', is_active: true } });
    expect((await read('serpapi')).body.secret).toBe('third secret');
    expect((await admin('GET', '/serpapi')).body).toMatchObject({ id: rotated.body.id, version: '2' });

    const listed = await call<{ credentials: Version[] }>('GET', `${gateway.url}/api/admin/creds/serpapi/versions`);
    expect(listed.body.credentials.map(({ version, is_active }) => [version, is_active]).sort()).toEqual([
      ['1', false],
      ['2', true],
      ['b', false],
    ]);
    for (const answer of [first, second, rotated, listed, await admin('GET', ''), await admin('GET', '/serpapi')]) {
      expect(JSON.stringify(answer.body)).not.toMatch(/secret|sealed/);
    }
    expect(await gateway.service(CredentialsService).configuredTools(null)).toEqual(['serpapi']);
  });

  it('are never overwritten', async () => {
    await admin('POST', '/set', { tool: 'openai', version: 'v1', credential: 'one' });
    const again = await admin('POST', '/rotate', { tool: 'openai', version: 'v1', credential: 'two' });
    expect(again).toMatchObject({ status: 409, body: { code: 'credential_version_exists' } });
  });

  it('are deleted, the active one only by force', async () => {
    const { body: one } = await admin('POST', '/rotate', { tool: 'openai', credential: 'one' });
    const { body: two } = await admin('POST', '/set', { tool: 'openai', credential: 'two' });
    expect((await admin('DELETE', `/${two.id}`)).status).toBe(204);
    expect(await admin('DELETE', `/${two.id}`)).toMatchObject({ status: 404, body: { code: 'credential_not_found' } });
    expect(await admin('DELETE', `/${one.id}`)).toMatchObject({ status: 409, body: { code: 'credential_in_use' } });
    expect((await admin('DELETE', `/${one.id}?force=yes`)).status).toBe(400);
    expect((await read('openai')).status).toBe(200);
    expect((await admin('DELETE', `/${one.id}?force=true`)).status).toBe(204);
    refusal(await read('openai'), 404, 'credential_not_found');
    expect(await admin('POST', '/activate', { id: one.id })).toMatchObject({ status: 404 });
  });

  it('of one tool have one active version, whatever is done at once in two processes', async () => {
    const other = await startToolGateway(home);
    try {
      const bases = [gateway.url, other.url].map((url) => `${url}/api/admin/creds`);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          call<Version>('POST', `${bases[n % 2]}/rotate`, { tool: 'serpapi', credential: `secret ${n}` }),
        ),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      expect(new Set(answers.map(({ body }) => Number(body.version)))).toEqual(
        new Set(Array.from({ length: 20 }, (_, n) => n + 1)),
      );
      const switched = await Promise.all(
        answers.map(({ body }, n) => call('POST', `${bases[n % 2]}/activate`, { id: body.id })),
      );
      expect(new Set(switched.map(({ status }) => status))).toEqual(new Set([200]));
      expect(await home.query('select 1 from tool_credentials where is_active')).toHaveLength(1);
    } finally {
      await other.stop();
    }
  });

  it.each([
    ['tool', { tool: 'a b', credential: 'x' }],
    ['version', { tool: 'a', version: 'secret of mine!', credential: 'x' }],
    ['credential', { tool: 'a', credential: '' }],
    ['credential', { tool: 'a', credential: 'x'.repeat(16_385) }],
    ['credential', { tool: 'a', credential: { key: 'canary' } }],
    ['metadata', { tool: 'a', credential: 'canary', metadata: { a: 'x'.repeat(16_384) } }],
    ['metadata', { tool: 'a', credential: 'canary', metadata: { a: ['\ud800'] } }],
    ['metadata', { tool: 'a', credential: 'canary', metadata: { 'a\0': 1 } }],
    ['metadata', `{"tool":"a","credential":"canary","metadata":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_001)}`],
  ])('with a bad %s are refused and not repeated', async (path, body) => {
    const answer = await admin('POST', '/set', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(JSON.stringify(answer.body)).toContain(path);
    expect(JSON.stringify(answer.body)).not.toMatch(/canary|secret of mine/);
  });

  it('in the row of another do not open', async () => {
    const { body: one } = await admin('POST', '/rotate', { tool: 'serpapi', credential: 'of serpapi' });
    const { body: two } = await admin('POST', '/rotate', { tool: 'evil', credential: 'of evil' });
    const swap = `update tool_credentials set sealed = (select sealed from tool_credentials where credential_id = $2) where credential_id = $1`;
    await home.query(swap, [two.id, one.id]);
    refusal(await read('evil'), 500, 'internal_error');
    await home.query(`delete from tool_credentials where credential_id = $1`, [two.id]);
    await home.query(`update tool_credentials set tool = 'evil' where credential_id = $1`, [one.id]);
    refusal(await read('evil'), 500, 'internal_error');
  });

  it('and signing keys go over to a new master key at the start, and the old one can go', async () => {
    await admin('POST', '/rotate', { tool: 'serpapi', credential: 'the secret' });
    await call('POST', `${gateway.url}/api/admin/signing-keys/rotate`);
    const start = (keys: string) => startToolGateway(home, { JARVIS_TOOL_ENCRYPTION_KEYS: keys });
    await (await start(`${NEWER_KEY},${MASTER_KEYS}`)).stop();
    const names = await home.query<{ name: string }>(
      `select split_part(sealed, '.', 2) as name from tool_credentials
       union all select split_part(private_key, '.', 2) from tool_signing_keys`,
    );
    expect(names).toEqual([{ name: 'newer' }, { name: 'newer' }]);
    const later = await start(NEWER_KEY);
    const body = { name: 'serpapi', run_id: 'run_1' };
    const got = await call<{ secret: string }>('POST', `${later.url}/v1/credentials:read`, body).finally(() =>
      later.stop(),
    );
    expect(got.body.secret).toBe('the secret');
    const refused = await start(MASTER_KEYS).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StartupError);
    expect(String(refused)).toContain('"newer"');
  });
});

describe('whose credentials are read', () => {
  let gateway: GuardedToolGateway;
  beforeAll(async () => {
    gateway = await startGuardedToolGateway();
    acme = as({ sub: 'ann', tenant_id: 'acme', roles: ['arp-tool-admin'] });
    globex = as({ sub: 'gus', tenant_id: 'globex', roles: ['arp-tool-admin'] });
    alice = as({ sub: 'alice', roles: ['arp-tool-admin'] });
    operator = as({ sub: 'root', roles: ['arp-admin'] });
    executor = as({ sub: 'executor', roles: ['arp-executor'] });
  });
  afterAll(() => gateway.stop());
  const as = (claims: Record<string, unknown>) => ({
    authorization: `Bearer ${gateway.issuer.token({ aud: 'arp-tool-gateway', ...claims })}`,
  });
  let acme: Record<string, string>;
  let globex: Record<string, string>;
  let alice: Record<string, string>;
  let operator: Record<string, string>;
  let executor: Record<string, string>;
  const set = (headers: Record<string, string>, tool: string, credential: string): Promise<Answer<Version>> =>
    call('POST', `${gateway.url}/api/admin/creds/rotate`, { tool, credential }, headers);
  const secretOf = async (query: Record<string, string>): Promise<string> => {
    const answer = await call<{ secret?: string; error?: { code: string } }>(
      'POST',
      `${gateway.url}/v1/credentials:read`,
      query,
      executor,
    );
    return answer.body.secret ?? answer.body.error?.code ?? '';
  };

  it('those of the owner of the run, else those of the installation; of a job and a call those of the agent’s owner', async () => {
    await set(operator, 'serpapi', 'of the installation');
    const own = await set(acme, 'serpapi', 'of acme');
    expect(own.body.owner).toBe('tenant:acme');
    await set(alice, 'serpapi', 'of alice');
    await set(acme, 'openai', 'of acme only');

    const run = { name: 'serpapi', run_id: 'run_1' };
    expect(await secretOf(run)).toBe('of the installation');
    expect(await secretOf({ ...run, owner: 'tenant:acme' })).toBe('of acme');
    expect(await secretOf({ ...run, owner: 'tenant:globex' })).toBe('of the installation');
    expect(await secretOf({ ...run, name: 'openai', owner: 'tenant:globex' })).toBe('credential_not_found');
    expect(await secretOf({ ...run, name: 'openai', owner: '' })).toBe('credential_not_found');

    const agent = await registerAgent(gateway.url, acme);
    await gateway.database.query(
      `insert into tool_jobs (job_id, agent_id, tool, action, correlation_id, response_rules, state, attempts, created_at)
       values ('job_1', $1, 'openai', 'chat', 'c', '{}', 'queued', 0, now())`,
      [agent.agentId],
    );
    expect(await secretOf({ name: 'openai', run_id: 'job_1' })).toBe('of acme only');
    expect(await secretOf({ name: 'serpapi', run_id: 'job_1', owner: 'subject:alice' })).toBe('of acme');

    const ofAlice = await registerAgent(gateway.url, alice);
    const actor = { name: 'serpapi', owner: `subject:${ofAlice.agentId}` };
    expect(await secretOf({ ...actor, run_id: 'call_1' })).toBe('of alice');
    expect(await secretOf({ ...actor, run_id: 'run_1' })).toBe('of the installation');
    expect(await secretOf({ ...actor, run_id: 'call_1', owner: 'tenant:acme' })).toBe('of acme');
  });

  it('by executors alone', async () => {
    for (const headers of [acme, {}]) {
      const answer = await call('POST', `${gateway.url}/v1/credentials:read`, { name: 'a', run_id: 'r' }, headers);
      expect([401, 403]).toContain(answer.status);
    }
    expect(
      (await call('POST', `${gateway.url}/v1/credentials:read`, { name: 'a', run_id: 'r' }, operator)).status,
    ).toBe(404);
  });

  it('and of whose versions others know nothing', async () => {
    const { body } = await set(acme, 'gmail_send', 'of acme');
    const admin = (method: string, path: string, headers: Record<string, string>, sent?: unknown) =>
      call<{ credentials?: Version[] }>(method, `${gateway.url}/api/admin/creds${path}`, sent, headers);
    expect((await admin('GET', '', globex)).body.credentials).toEqual([]);
    expect((await admin('GET', '/gmail_send/versions', globex)).body.credentials).toEqual([]);
    for (const [method, path, sent] of [
      ['GET', '/gmail_send'],
      ['POST', '/activate', { id: body.id }],
      ['DELETE', `/${body.id}?force=true`],
    ] as const) {
      expect(await admin(method, path, globex, sent)).toMatchObject({
        status: 404,
        body: { code: 'credential_not_found' },
      });
    }
    expect((await admin('GET', '/gmail_send', acme)).status).toBe(200);
    const all = (await admin('GET', '?limit=500', operator)).body.credentials ?? [];
    expect(new Set(all.map(({ owner }) => owner))).toEqual(new Set([undefined, 'tenant:acme', 'subject:alice']));
  });
});
