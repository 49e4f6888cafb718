import { PERMISSIONS } from '#contract';
import { startTokenIssuer } from '#testing';
import type { TokenIssuer } from '#testing';
import { CleanUp } from '../e2e/coordinators.js';
import { ask, startGuarded } from './guarded-service.js';
import type { GuardedService } from './guarded-service.js';

const MISSING = { code: 'unauthorized', message: 'Missing Authorization header' };
const assignment = { runId: 'r1', nodeRunId: 'n1', epoch: 2 };

describe('the modes of authentication', () => {
  const cleanUp = new CleanUp();
  let issuer: TokenIssuer;
  beforeAll(async () => {
    issuer = await startTokenIssuer('me');
  });
  afterEach(() => cleanUp.run());
  afterAll(() => issuer.close());

  const start = async (env: Record<string, string> = {}): Promise<GuardedService> =>
    cleanUp.add(
      await startGuarded(
        { ARP_AUTH_ISSUER: issuer.issuer, ...env },
        {
          verify: async (token) => {
            if (token === 'expired' || token === 'forged') return token;
            return token === 'assigned' ? assignment : 'not_ours';
          },
        },
      ),
      (service) => service.stop(),
    );
  const bearer = (...roles: string[]) => `Bearer ${issuer.token({ roles, tenant_id: 'acme' })}`;

  it('required: no access without a valid token, but to the exempt paths', async () => {
    const { url } = await start();
    expect((await ask(`${url}/v1/whoami`)).body.error).toMatchObject(MISSING);
    const { body } = await ask(`${url}/v1/whoami`, bearer('arp-viewer'));
    expect(body).toMatchObject({ subject: 'alice', owner: 'tenant:acme', tenantId: 'acme', clientId: 'arp-dev-cli' });
    for (const path of ['/v1/health', '/v1/version?x=1']) expect((await ask(`${url}${path}`)).status).toBe(200);
    // What comes with a request to an exempt path is not looked at.
    expect((await ask(`${url}/v1/health`, 'Bearer nonsense')).status).toBe(200);
  });

  it('a token without the permission is 403 and says which', async () => {
    const { url } = await start();
    const { status, body, challenge } = await ask(`${url}/v1/whoami`, bearer());
    expect({ status, code: body.error?.code }).toEqual({ status: 403, code: 'forbidden' });
    expect(body.error?.details).toEqual({ required_permission: 'run.read' });
    expect(challenge).toBe(
      'Bearer error="insufficient_scope", error_description="The caller may not do this.", scope="run.read"',
    );
  });

  it('a route that says nothing about itself is open to nobody', async () => {
    const { url } = await start();
    expect((await ask(`${url}/v1/forgotten`, bearer('arp-admin'))).status).toBe(403);
    expect((await ask(`${url}/v1/forgotten`)).status).toBe(401);
  });

  it.each(['required', 'optional', 'disabled'])(
    '%s: where a route says itself who may, nobody is anybody',
    async (mode) => {
      const { url } = await start({ ARP_AUTH_MODE: mode });
      for (const header of [[], 'Bearer x', 'Basic x', bearer('arp-admin')]) {
        const { status, body } = await ask(`${url}/v1/own-rules`, header);
        expect({ status, ...body }).toEqual({
          status: 200,
          subject: 'anonymous',
          owner: 'subject:anonymous',
          permissions: [],
          hasToken: false,
        });
      }
    },
  );

  it('optional: anonymous without a token, with the permissions of anonymous; a bad token is refused', async () => {
    const open = await start({ ARP_AUTH_MODE: 'optional', ARP_AUTH_GRANTS: 'anonymous=run.read' });
    expect((await ask(`${open.url}/v1/whoami`)).body).toEqual({
      subject: 'anonymous',
      owner: 'subject:anonymous',
      permissions: ['run.read'],
      hasToken: false,
    });
    expect((await ask(`${open.url}/v1/whoami`, bearer('arp-user'))).body.subject).toBe('alice');
    expect((await ask(`${open.url}/v1/whoami`, 'Bearer x')).body.error?.message).toBe('Invalid token');
    expect((await ask(`${open.url}/v1/whoami`, 'Basic x')).status).toBe(401);
    const named = await start({ ARP_AUTH_MODE: 'optional', ARP_AUTH_ANONYMOUS_SUBJECT: 'guest' });
    // Who is not logged in is asked to; the permission may come with that.
    expect((await ask(`${named.url}/v1/whoami`)).body.error).toMatchObject(MISSING);
  });

  it('disabled: everybody is the developer, has every permission and no borders, whatever he sends', async () => {
    const { url, log } = await start({ ARP_AUTH_PROFILE: 'dev-insecure', ARP_AUTH_DEV_SUBJECT: 'me' });
    for (const header of [[], 'Bearer x', 'Basic x', bearer()]) {
      expect((await ask(`${url}/v1/whoami`, header)).body).toEqual({
        subject: 'me',
        permissions: [...PERMISSIONS].sort(),
        hasToken: false,
      });
    }
    expect((await ask(`${url}/v1/forgotten`)).status).toBe(200);
    expect(log()).toContain('callers are not authenticated and may do everything');
  });

  it('ARP_AUTH_EXEMPT_PATHS says which paths need no token, to the letter', async () => {
    const { url } = await start({ ARP_AUTH_EXEMPT_PATHS: '/v1/health,/v1/whoami' });
    expect((await ask(`${url}/v1/whoami?a=b`)).body).toMatchObject({ subject: 'anonymous', hasToken: false });
    expect((await ask(`${url}/v1/version`)).status).toBe(401);
    expect((await ask(`${url}/v1/version`, bearer())).status).toBe(200);
    for (const path of ['/v1/whoam%69', '//v1/whoami', '/v1/whoami/', '/v1/WHOAMI']) {
      expect([401, 404]).toContain((await ask(`${url}${path}`)).status);
    }
  });

  it('ARP_AUTH_TOKEN_TYPES may allow tokens without a typ', async () => {
    const { url } = await start({ ARP_AUTH_TOKEN_TYPES: 'at+jwt,absent' });
    const of = (typ: string | undefined) => `Bearer ${issuer.token({ roles: ['arp-user'] }, { header: { typ } })}`;
    const statuses = await Promise.all([undefined, 'at+jwt', 'JWT'].map((typ) => ask(`${url}/v1/whoami`, of(typ))));
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 401]);
  });

  it.each(['required', 'disabled'])('%s: an assignment token is enough where the route takes it', async (mode) => {
    const { url } = await start({ ARP_AUTH_MODE: mode });
    expect((await ask(`${url}/v1/report`, 'Bearer assigned', 'POST')).body).toEqual({
      subject: 'node-run:n1',
      owner: 'subject:node-run:n1',
      assignment,
      permissions: [],
      hasToken: false,
    });
    for (const bad of ['expired', 'forged']) {
      const { status, challenge } = await ask(`${url}/v1/report`, `Bearer ${bad}`, 'POST');
      expect(status).toBe(401);
      expect(challenge).toMatch(/^Bearer error="invalid_token", error_description="The assignment token /);
    }
    // Elsewhere it is a token like any other, and no good one.
    expect((await ask(`${url}/v1/whoami`, 'Bearer assigned')).status).toBe(mode === 'required' ? 401 : 200);
  });

  it('a report without an assignment needs the permission, which only administrators have', async () => {
    const { url } = await start();
    expect((await ask(`${url}/v1/report`, [], 'POST')).status).toBe(401);
    expect((await ask(`${url}/v1/report`, bearer('arp-user', 'arp-operator'), 'POST')).status).toBe(403);
    expect((await ask(`${url}/v1/report`, bearer('arp-admin'), 'POST')).status).toBe(200);
  });

  it('lines of the log say who asked', async () => {
    const { url, log } = await start();
    await ask(`${url}/v1/whoami`, bearer('arp-user'));
    await ask(`${url}/v1/whoami`);
    await ask(`${url}/v1/report`, 'Bearer assigned', 'POST');
    while (requests(log()).length < 3) await new Promise((settle) => setTimeout(settle, 5));
    const seen = requests(log()).map(({ path, status, subject }) => [path, status, subject]);
    expect(seen).toEqual([
      ['/v1/whoami', 200, 'alice'],
      ['/v1/whoami', 401, undefined],
      ['/v1/report', 200, 'node-run:n1'],
    ]);
  });
});

describe('while the identity provider is away', () => {
  const cleanUp = new CleanUp();
  afterEach(() => cleanUp.run());

  it('a service starts, answers 503, and 200 once it is there; then tokens with known keys are accepted', async () => {
    const issuer = cleanUp.add(await startTokenIssuer('me'), (issuer) => issuer.close());
    await issuer.goDown();
    const { url } = cleanUp.add(await startGuarded({ ARP_AUTH_ISSUER: issuer.issuer }), (service) => service.stop());
    const bearer = () => `Bearer ${issuer.token({ roles: ['arp-user'] })}`;
    const down = await ask(`${url}/v1/whoami`, bearer());
    expect({ status: down.status, ...down.body.error }).toMatchObject({
      status: 503,
      code: 'identity_provider_unavailable',
      message: 'Unable to fetch JWKS',
      retryable: true,
    });
    expect(down).toMatchObject({ retryAfter: '1', challenge: undefined });
    expect((await ask(`${url}/v1/health`)).status).toBe(200);
    // What can be told without keys is.
    expect((await ask(`${url}/v1/whoami`, 'Bearer x')).status).toBe(401);

    await issuer.comeUp();
    await until(async () => (await ask(`${url}/v1/whoami`, bearer())).status === 200);
    await issuer.goDown();
    const unknown = issuer.addKey();
    const known = issuer.token({ roles: ['arp-user'] }, { key: issuer.keys[0] as typeof unknown });
    expect((await ask(`${url}/v1/whoami`, `Bearer ${known}`)).status).toBe(200);
    expect((await ask(`${url}/v1/whoami`, bearer())).status).toBe(503);
    await issuer.comeUp();
    await until(async () => (await ask(`${url}/v1/whoami`, bearer())).status === 200);
  });

  it('keys may be rotated at any time', async () => {
    const issuer = cleanUp.add(await startTokenIssuer('me'), (issuer) => issuer.close());
    const { url } = cleanUp.add(await startGuarded({ ARP_AUTH_ISSUER: issuer.issuer }), (service) => service.stop());
    const statusOf = async () =>
      (await ask(`${url}/v1/whoami`, `Bearer ${issuer.token({ roles: ['arp-user'] })}`)).status;
    expect(await statusOf()).toBe(200);
    for (const fetches of [2, 3, 4]) {
      issuer.rotate();
      expect(await statusOf()).toBe(200);
      expect(await statusOf()).toBe(200);
      expect(issuer.jwksFetches).toBe(fetches);
    }
  });
});

function requests(log: string): Record<string, unknown>[] {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === 'request');
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((settle) => setTimeout(settle, 100));
}
