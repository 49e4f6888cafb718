import { clientCredentials } from '@arp-jarvis/client';
import { startIdentityProvider } from '#testing';
import type { IdentityProvider } from '#testing';

describe('tokens of the client by client credentials', () => {
  let provider: IdentityProvider;
  beforeAll(async () => {
    provider = await startIdentityProvider();
  });
  beforeEach(() => {
    provider.requests.length = 0;
    provider.lifetimeSecs = 300;
  });
  afterAll(() => provider.close());
  const tokens = (more: object = {}) =>
    clientCredentials({
      issuer: provider.issuer,
      clientId: 'arp-run-coordinator',
      clientSecret: 'arp-run-coordinator-secret',
      ...more,
    });

  it('are asked for once, kept, and asked for again when refused', async () => {
    const own = tokens({ scope: 'aud-arp-pdp' });
    const [first, second] = await Promise.all([own.getToken(), own.getToken()]);
    expect(second).toBe(first);
    const claims: unknown = JSON.parse(Buffer.from(first.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ aud: 'arp-pdp' });
    expect(await own.getToken({ refused: first })).not.toBe(first);
    expect(provider.requests).toHaveLength(2);
  });

  it('are asked for again at their end, the secret in the body where that is wanted', async () => {
    provider.lifetimeSecs = 0;
    const brief = tokens({ clientAuthentication: 'post' });
    await brief.getToken();
    await brief.getToken();
    expect(provider.requests).toHaveLength(2);
  });

  it('say that there is nobody to ask', async () => {
    const nobody = clientCredentials({ issuer: 'http://127.0.0.1:1', clientId: 'a', clientSecret: 'b' });
    await expect(nobody.getToken()).rejects.toThrow(/127\.0\.0\.1:1 gave no token: .*(ECONNREFUSED|fetch failed)/);
  });

  it('say why there are none, without the secret', async () => {
    const refusal = tokens({ clientSecret: 'wrong-secret' }).getToken();
    await expect(refusal).rejects.toMatchObject({ name: 'ArpTokenError', code: 'token_request_failed' });
    await expect(refusal).rejects.toThrow(provider.issuer);
    await expect(refusal).rejects.not.toThrow(/wrong-secret/);
  });
});
