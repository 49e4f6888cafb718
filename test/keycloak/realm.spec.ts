/** The tokens of the realm in deploy/keycloak, as a real Keycloak issues them. */
import { readFile } from 'node:fs/promises';
import {
  answer,
  audiences,
  clientCredentials,
  clientLogin,
  decode,
  describeWithKeycloak,
  endpoint,
  exchange,
  exchangeOf,
  issuer,
  postForm,
} from './keycloak.js';
import type { Tokens } from './sign-in.js';
import { authorize, cookies, formAction, pkce, REDIRECT, signIn, submitLogin } from './sign-in.js';

const GATEWAY = 'arp-run-gateway';
const COORDINATOR = 'arp-run-coordinator';
const CLI = 'arp-dev-cli';
const SERVICES = [
  GATEWAY,
  COORDINATOR,
  'arp-atomic-executor',
  'arp-composite-executor',
  'arp-node-registry',
  'arp-pdp',
  'arp-tool-gateway',
];
const MINUTE_SECONDS = 60;

const claimsOf = (token: string): Record<string, unknown> => decode(token).claims;

describeWithKeycloak('tokens of people', () => {
  it.each([
    ['alice', 'acme', ['arp-user']],
    ['bob', 'globex', ['arp-user']],
    ['carol', 'acme', ['arp-viewer']],
    ['dave', 'acme', undefined],
    ['terry', 'acme', ['arp-tool-admin']],
    ['olivia', undefined, ['arp-operator']],
    ['admin', undefined, ['arp-admin']],
    ['dev', undefined, ['arp-user']],
  ])('%s has the tenant %s and the roles %j, and no roles of Keycloak', async (user, tenant, roles) => {
    const { header, claims } = decode((await signIn({ user })).access_token);
    expect(header).toMatchObject({ alg: 'RS256', typ: 'JWT' });
    expect(claims).toMatchObject({ iss: issuer(), aud: GATEWAY, typ: 'Bearer', azp: CLI, preferred_username: user });
    expect(claims['tenant_id']).toBe(tenant);
    expect(claims['realm_access']).toEqual(roles === undefined ? undefined : { roles });
    expect(claims).not.toHaveProperty('resource_access');
    expect(claims).not.toHaveProperty('email');
  });

  it('the same user has the same subject in every Keycloak of this realm', async () => {
    const { users } = JSON.parse(await readFile('deploy/keycloak/realm-arp-dev.json', 'utf8')) as {
      users: { username: string; id: string }[];
    };
    const alice = users.find(({ username }) => username === 'alice');
    expect(claimsOf((await signIn({ user: 'alice' })).access_token)['sub']).toBe(alice?.id);
  });

  it.each(SERVICES.filter((service) => service !== GATEWAY))('the scope aud-%s adds that audience', async (service) => {
    const { access_token } = await signIn({ user: 'olivia', scope: `openid aud-${service}` });
    expect(audiences(access_token)).toEqual([service, GATEWAY].sort());
  });

  it('ID and refresh tokens say what they are, and carry neither roles nor tenant', async () => {
    const { id_token, refresh_token } = await signIn({ user: 'alice' });
    expect(claimsOf(id_token)).toMatchObject({ typ: 'ID', aud: CLI });
    expect(claimsOf(id_token)).toHaveProperty('at_hash');
    expect(claimsOf(refresh_token)).toMatchObject({ typ: 'Refresh', aud: issuer() });
    for (const token of [id_token, refresh_token]) {
      expect(claimsOf(token)).not.toHaveProperty('realm_access');
      expect(claimsOf(token)).not.toHaveProperty('tenant_id');
    }
  });

  it('access tokens live five minutes, sessions half an hour without use, and nothing is offline', async () => {
    const { access_token, expires_in, refresh_expires_in } = await signIn({ user: 'alice' });
    const { iat, exp } = claimsOf(access_token);
    expect(Number(exp) - Number(iat)).toBe(5 * MINUTE_SECONDS);
    expect(expires_in).toBe(5 * MINUTE_SECONDS);
    expect(refresh_expires_in).toBe(30 * MINUTE_SECONDS);
    const offline = await authorize({
      scope: 'openid offline_access',
      code_challenge: pkce().challenge,
      code_challenge_method: 'S256',
    });
    expect(offline.headers.get('location')).toContain('error=invalid_scope');
  });

  it('a refresh token works once', async () => {
    const { refresh_token } = await signIn({ user: 'alice' });
    const form = { grant_type: 'refresh_token', client_id: CLI, refresh_token };
    const first = await postForm(endpoint('token'), form);
    expect(first.status).toBe(200);
    expect(audiences(first.body.access_token)).toEqual([GATEWAY]);
    expect(await postForm(endpoint('token'), form)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });
});

describeWithKeycloak('how people get tokens', () => {
  it.each([CLI, 'admin-cli', ...SERVICES])('%s gives none for a password', async (clientId) => {
    const form = { grant_type: 'password', client_id: clientId, username: 'alice', password: 'alice' };
    const secret = SERVICES.includes(clientId) ? clientLogin(clientId) : {};
    const { status, body } = await postForm(endpoint('token'), form, secret);
    expect([400, 401]).toContain(status);
    expect(['unauthorized_client', 'invalid_client']).toContain(body.error);
  });

  it.each([
    ['none', {}],
    ['plain', { code_challenge: 'x'.repeat(43), code_challenge_method: 'plain' }],
  ])('PKCE by S256 is required: %s is refused', async (_what, query) => {
    const refused = await authorize(query);
    expect(refused.headers.get('location')).toContain('error=invalid_request');
  });

  it('a code without its verifier is worth nothing', async () => {
    const page = await authorize({ code_challenge: pkce().challenge, code_challenge_method: 'S256' });
    const back = await submitLogin(page, 'alice', 'alice');
    const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? '';
    const form = { grant_type: 'authorization_code', client_id: CLI, code, redirect_uri: REDIRECT };
    const refused = await postForm(endpoint('token'), { ...form, code_verifier: pkce().verifier });
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it.each([
    ['http://127.0.0.1:8080/docs/oauth2-redirect.html', 200],
    ['http://localhost:8082/docs/oauth2-redirect.html', 200],
    ['http://localhost:50000/callback', 200],
    ['http://127.0.0.1:8080/other', 400],
    ['http://127.0.0.1.example.com/callback', 400],
    ['https://example.com/callback', 400],
  ])('a redirect to %s: %d', async (redirect, status) => {
    const query = { code_challenge: pkce().challenge, code_challenge_method: 'S256', redirect_uri: redirect };
    expect((await authorize(query)).status).toBe(status);
  });

  it.each([
    ['http://localhost:8080', 'http://localhost:8080'],
    ['https://example.com', null],
  ])('a page of %s may read the token: %s', async (origin, allowed) => {
    const { refresh_token } = await signIn({ user: 'alice' });
    const form = { grant_type: 'refresh_token', client_id: CLI, refresh_token };
    const { headers } = await postForm(endpoint('token'), form, { origin });
    expect(headers.get('access-control-allow-origin')).toBe(allowed);
  });

  it('the device flow, with PKCE: a code for the device, a login in the browser, a token', async () => {
    expect((await postForm(endpoint('auth/device'), { client_id: CLI })).body.error).toBe('invalid_request');
    const { verifier, challenge } = pkce();
    const started = await postForm(endpoint('auth/device'), {
      client_id: CLI,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    });
    expect(started).toMatchObject({ status: 200, body: { expires_in: 600, interval: 5 } });
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: CLI,
      device_code: String(started.body.device_code),
    };
    const early = await postForm(endpoint('token'), { ...form, code_verifier: verifier });
    expect(early.body.error).toBe('authorization_pending');
    await confirmDevice(String(started.body.verification_uri_complete), 'bob');
    const token = await poll(() => postForm(endpoint('token'), { ...form, code_verifier: verifier }));
    expect(claimsOf(String(token.access_token))).toMatchObject({ aud: GATEWAY, azp: CLI, tenant_id: 'globex' });
  });
});

describeWithKeycloak('tokens of services', () => {
  it.each([
    [GATEWAY, [COORDINATOR], undefined],
    [COORDINATOR, [], { roles: ['arp-coordinator'] }],
    ['arp-atomic-executor', [], { roles: ['arp-executor'] }],
    ['arp-composite-executor', [], undefined],
    ['arp-node-registry', [], undefined],
    ['arp-pdp', [], undefined],
    ['arp-tool-gateway', [], { roles: ['arp-tool-gateway'] }],
  ])('%s by client credentials: audiences %j, roles %j', async (clientId, expected, roles) => {
    const { status, body } = await clientCredentials(clientId);
    expect(status).toBe(200);
    expect(audiences(body.access_token)).toEqual(expected);
    const claims = claimsOf(body.access_token);
    expect(claims).toMatchObject({ typ: 'Bearer', azp: clientId, preferred_username: `service-account-${clientId}` });
    expect(claims['realm_access']).toEqual(roles);
    expect(claims).not.toHaveProperty('sid');
    expect(body).not.toHaveProperty('refresh_token');
  });

  it.each(['arp-atomic-executor', 'arp-composite-executor', 'arp-node-registry', 'arp-pdp'])(
    'the coordinator asks for the audience %s by a scope, and gets that one alone',
    async (audience) => {
      const { body } = await clientCredentials(COORDINATOR, { scope: `aud-${audience}` });
      expect(audiences(body.access_token)).toEqual([audience]);
    },
  );

  it.each([
    ['arp-tool-gateway', 'arp-run-coordinator'],
    ['arp-tool-gateway', 'arp-atomic-executor'],
    ['arp-atomic-executor', 'arp-tool-gateway'],
  ])('%s asks for the audience %s by a scope, and gets that one alone', async (clientId, audience) => {
    const { body } = await clientCredentials(clientId, { scope: `aud-${audience}` });
    expect(audiences(body.access_token)).toEqual([audience]);
  });

  it('the parameter audience changes nothing: the scope does', async () => {
    const { body } = await clientCredentials(COORDINATOR, { audience: 'arp-atomic-executor' });
    expect(audiences(body.access_token)).toEqual([]);
  });

  it('a service cannot ask for an audience that is not its own', async () => {
    const refused = await clientCredentials('arp-atomic-executor', { scope: `aud-${COORDINATOR}` });
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
  });

  it('a wrong secret gets nothing', async () => {
    const refused = await postForm(
      endpoint('token'),
      { grant_type: 'client_credentials' },
      clientLogin(GATEWAY, 'wrong'),
    );
    expect(refused.status).toBe(401);
  });
});

describeWithKeycloak('exchange', () => {
  let alice: Tokens;
  beforeAll(async () => {
    alice = await signIn({ user: 'alice' });
  });

  it('by the gateway, of a token of the CLI: for the coordinator, with sub, roles and tenant of the user', async () => {
    const { status, body } = await exchange(GATEWAY, alice.access_token, { audience: COORDINATOR });
    expect(status).toBe(200);
    const { sub, sid, realm_access, tenant_id } = claimsOf(alice.access_token);
    const claims = claimsOf(body.access_token);
    expect(claims).toMatchObject({ aud: COORDINATOR, azp: GATEWAY, typ: 'Bearer', sub, sid, realm_access, tenant_id });
    expect(claims['tenant_id']).toBe('acme');
    expect(body).not.toHaveProperty('refresh_token');
    expect(body.expires_in).toBe(5 * MINUTE_SECONDS);
  });

  it('gives somebody without a role none', async () => {
    const dave = await signIn({ user: 'dave' });
    const { body } = await exchange(GATEWAY, dave.access_token, { audience: COORDINATOR });
    expect(claimsOf(body.access_token)).toMatchObject({ aud: COORDINATOR, tenant_id: 'acme' });
    expect(claimsOf(body.access_token)).not.toHaveProperty('realm_access');
  });

  it('only for what the gateway calls', async () => {
    const refused = await exchange(GATEWAY, alice.access_token, { audience: 'arp-atomic-executor' });
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it('not of a token that is for somebody else', async () => {
    const other = await clientCredentials(COORDINATOR);
    const refused = await exchange(GATEWAY, other.body.access_token, { audience: COORDINATOR });
    expect(refused).toMatchObject({ status: 403, body: { error: 'access_denied' } });
  });

  it.each(SERVICES.filter((service) => service !== GATEWAY))('not by %s, which has no switch', async (service) => {
    const own = await signIn({ user: 'alice', scope: `openid aud-${service}` });
    const refused = await exchange(service, own.access_token, { audience: COORDINATOR });
    expect(refused.status).toBe(400);
    expect(refused.body.error_description).toContain('token exchange is not enabled');
  });

  it('not by the public client', async () => {
    const form = { ...exchangeOf(alice.access_token), client_id: CLI, audience: COORDINATOR };
    const refused = await postForm(endpoint('token'), form);
    expect(refused.status).toBe(400);
    expect(refused.body.error_description).toContain('token exchange is not enabled');
  });

  it('not with a wrong secret', async () => {
    const wrong = clientLogin(GATEWAY, 'wrong');
    expect((await exchange(GATEWAY, alice.access_token, { audience: COORDINATOR }, wrong)).status).toBe(401);
  });

  it('not of an ID token, a refresh token or a changed token', async () => {
    const [header = '', claims = '', signature = ''] = alice.access_token.split('.');
    const forged = JSON.stringify({ ...decode(alice.access_token).claims, tenant_id: 'globex' });
    for (const token of [
      alice.id_token,
      alice.refresh_token,
      [header, Buffer.from(forged).toString('base64url'), signature].join('.'),
      [header, claims, ''].join('.'),
    ]) {
      const refused = await exchange(GATEWAY, token, { audience: COORDINATOR });
      expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    }
  });

  it('not after the user has logged out', async () => {
    const tokens = await signIn({ user: 'carol' });
    expect((await exchange(GATEWAY, tokens.access_token, { audience: COORDINATOR })).status).toBe(200);
    await postForm(endpoint('logout'), { client_id: CLI, refresh_token: tokens.refresh_token });
    const refused = await exchange(GATEWAY, tokens.access_token, { audience: COORDINATOR });
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });
});

describeWithKeycloak('accounts', () => {
  const account = async (token: string, body?: object): Promise<Awaited<ReturnType<typeof answer>>> =>
    answer(
      await fetch(`${issuer()}/account/`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          'content-type': 'application/json',
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );

  it('a user sees the own tenant and can change the name, but not the tenant', async () => {
    const { access_token } = await signIn({ user: 'dave', clientId: 'test-account' });
    const before = (await account(access_token)).body;
    expect(before.attributes.tenant_id).toEqual(['acme']);
    const renamed = { ...before, lastName: 'Dawson' };
    expect((await account(access_token, renamed)).status).toBe(204);
    await account(access_token, { ...renamed, attributes: { ...before.attributes, tenant_id: ['globex'] } });
    const after = (await account(access_token)).body;
    expect(after.lastName).toBe('Dawson');
    expect(after.attributes.tenant_id).toEqual(['acme']);
    expect(claimsOf((await signIn({ user: 'dave' })).access_token)['tenant_id']).toBe('acme');
  });

  it('a user without a tenant cannot take one', async () => {
    const { access_token } = await signIn({ user: 'dev', clientId: 'test-account' });
    const before = (await account(access_token)).body;
    await account(access_token, { ...before, attributes: { ...before.attributes, tenant_id: ['acme'] } });
    expect(claimsOf((await signIn({ user: 'dev' })).access_token)).not.toHaveProperty('tenant_id');
  });

  it('a token of the CLI opens no account', async () => {
    const { access_token } = await signIn({ user: 'alice' });
    expect([401, 403]).toContain((await account(access_token)).status);
  });

  it('nobody registers, and guessing a password locks the user for a while', async () => {
    const query = { code_challenge: pkce().challenge, code_challenge_method: 'S256' };
    expect(await (await authorize(query)).text()).not.toContain('/registrations?');
    const code = async (password: string): Promise<string | null> =>
      (await submitLogin(await authorize(query), 'guessed', password)).headers.get('location');
    expect(await code('guessed')).toContain('code=');
    for (let guess = 0; guess < 12; guess += 1) expect(await code(`wrong-${guess}`)).toBeNull();
    expect(await code('guessed')).toBeNull();
  });
});

/** Opens the page that the device shows, logs in and agrees. */
async function confirmDevice(uri: string, user: string): Promise<void> {
  const seen: { headers: Headers }[] = [];
  const follow = async (response: Response): Promise<Response> => {
    seen.push(response);
    const location = response.headers.get('location');
    if (location === null) return response;
    return follow(await fetch(new URL(location, uri), { redirect: 'manual', headers: { cookie: cookies(seen) } }));
  };
  const submit = async (page: Response, form: Record<string, string>): Promise<Response> =>
    follow(
      await fetch(formAction(await page.text()), {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie: cookies(seen) },
        body: new URLSearchParams(form),
      }),
    );
  const login = await follow(await fetch(uri, { redirect: 'manual' }));
  const consent = await submit(login, { username: user, password: user });
  expect(await consent.clone().text()).toContain('name="accept"');
  await submit(consent, { accept: 'Yes' });
}

/** Asks as a device does, each five seconds, until there is a token. */
async function poll(ask: () => ReturnType<typeof postForm>): Promise<Record<string, unknown>> {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    await new Promise((settle) => setTimeout(settle, 5_100));
    const { status, body } = await ask();
    if (status === 200) return body as Record<string, unknown>;
    expect(['authorization_pending', 'slow_down']).toContain(body.error);
  }
  throw new Error('No token for the device.');
}
