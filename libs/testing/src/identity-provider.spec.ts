import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { ARP_DEV_CLIENTS, startIdentityProvider } from './index.js';
import type { IdentityProvider } from './index.js';

const EXCHANGE = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
};
const GATEWAY = { client_id: 'arp-run-gateway', client_secret: ARP_DEV_CLIENTS['arp-run-gateway'].secret };
const COORDINATOR = { client_id: 'arp-run-coordinator', client_secret: ARP_DEV_CLIENTS['arp-run-coordinator'].secret };

describe('the identity provider of the tests', () => {
  let provider: IdentityProvider;
  beforeAll(async () => {
    provider = await startIdentityProvider();
  });
  afterAll(() => provider.close());

  async function ask(body: Record<string, string>): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${provider.issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }
  const exchange = async (user: string, more: Record<string, string> = {}) =>
    ask({ ...EXCHANGE, ...GATEWAY, subject_token: await provider.userToken(user), ...more });

  it('has its keys where its discovery document says, and they verify its tokens', async () => {
    const response = await fetch(`${provider.issuer}/.well-known/openid-configuration`);
    const { issuer, jwks_uri } = (await response.json()) as Record<string, string>;
    expect(issuer).toBe(provider.issuer);
    const keys = createRemoteJWKSet(new URL(jwks_uri ?? ''));
    const token = await provider.userToken('alice');
    const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer, audience: 'arp-run-gateway' });
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: expect.any(String) });
    expect(payload).toMatchObject({
      typ: 'Bearer',
      sub: provider.subject('alice'),
      azp: 'arp-dev-cli',
      aud: 'arp-run-gateway',
      tenant_id: 'acme',
      realm_access: { roles: ['arp-user'] },
      preferred_username: 'alice',
      exp: (payload.iat ?? 0) + 300,
    });
    expect(decodeJwt(await provider.userToken('dave'))).not.toHaveProperty('realm_access');
  });

  it('gives a client a token of its own, with the audiences that it asks for by scopes', async () => {
    const scope = 'aud-arp-atomic-executor aud-arp-pdp aud-arp-run-gateway';
    const own = await ask({ grant_type: 'client_credentials', ...COORDINATOR });
    expect(decodeJwt(String(own.body['access_token']))).not.toHaveProperty('aud');
    const { status, body } = await ask({
      grant_type: 'client_credentials',
      audience: 'ignored',
      scope,
      ...COORDINATOR,
    });
    expect({ status, type: body['token_type'], expires: body['expires_in'] }).toEqual({
      status: 200,
      type: 'Bearer',
      expires: 300,
    });
    const claims = decodeJwt(String(body['access_token']));
    expect(claims).toMatchObject({
      azp: 'arp-run-coordinator',
      preferred_username: 'service-account-arp-run-coordinator',
      aud: ['arp-atomic-executor', 'arp-pdp'],
      realm_access: { roles: ['arp-coordinator'] },
    });
    expect(claims).not.toHaveProperty('sid');
    expect(provider.requests.at(-1)).toEqual({
      grant: 'client_credentials',
      client: 'arp-run-coordinator',
      audience: 'ignored',
    });
  });

  it('exchanges a token: another audience, another azp, the same person', async () => {
    const { status, body } = await exchange('bob', { audience: 'arp-run-coordinator' });
    expect([status, body['issued_token_type']]).toEqual([200, EXCHANGE.subject_token_type]);
    const token = String(body['access_token']);
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'JWT' });
    expect(decodeJwt(token)).toMatchObject({
      sub: provider.subject('bob'),
      aud: 'arp-run-coordinator',
      azp: 'arp-run-gateway',
      tenant_id: 'globex',
      realm_access: { roles: ['arp-user'] },
      preferred_username: 'bob',
    });
  });

  it('refuses as Keycloak does', async () => {
    const coordinators = await provider.sign({ iss: provider.issuer, typ: 'Bearer', aud: 'arp-run-coordinator' });
    const strange = await (await startedElsewhere()).userToken('alice');
    const refusals: [Record<string, string>, number, string, string][] = [
      [
        { audience: 'arp-atomic-executor' },
        400,
        'invalid_request',
        'Requested audience not available: arp-atomic-executor',
      ],
      [{ audience: 'nobody' }, 400, 'invalid_client', 'Audience not found'],
      [{ subject_token: coordinators }, 403, 'access_denied', 'Client is not within the token audience'],
      [{ subject_token: strange }, 400, 'invalid_request', 'Invalid token'],
      [{ subject_token: 'x' }, 400, 'invalid_request', 'Invalid token'],
      [COORDINATOR, 400, 'invalid_request', 'Standard token exchange is not enabled for the requested client'],
      [{ client_secret: 'wrong' }, 401, 'unauthorized_client', 'Invalid client or Invalid client credentials'],
    ];
    for (const [more, status, error, error_description] of refusals) {
      expect(await exchange('alice', more)).toEqual({ status, body: { error, error_description } });
    }
    expect((await ask({ grant_type: 'client_credentials', client_id: 'arp-dev-cli' })).status).toBe(401);
  });

  it('is slow, refuses, is away and comes back as a test wants it', async () => {
    provider.fault = { delayMs: 1, refuse: { status: 429, error: 'slow_down' } };
    expect(await exchange('alice')).toEqual({ status: 429, body: { error: 'slow_down' } });
    provider.fault = undefined;
    await provider.down();
    await expect(exchange('alice')).rejects.toThrow('fetch failed');
    await provider.up();
    expect((await exchange('alice')).status).toBe(200);
  });

  async function startedElsewhere(): Promise<IdentityProvider> {
    const other = await startIdentityProvider();
    await other.close();
    return other;
  }
});
