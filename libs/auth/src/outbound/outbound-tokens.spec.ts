import { inspect } from 'node:util';
import { Writable } from 'node:stream';
import { decodeJwt } from 'jose';
import { readSettings, SettingsError } from '#config';
import { AppError } from '#contract';
import type { Principal, RequestContext } from '#contract';
import { createLogger } from '#http';
import { freePort, startIdentityProvider } from '#testing';
import type { IdentityProvider, TokenEndpointFault } from '#testing';
import { authSettings } from '../auth-settings.js';
import { outboundTokens } from './outbound-tokens.js';
import type { TokenSource } from './token-source.js';

const SECRET = 'arp-run-gateway-secret';
const AUDIENCE = 'arp-run-coordinator';

function context(principal: Partial<Principal> = {}, signal = new AbortController().signal): RequestContext {
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: '00' };
  return { principal: { subject: 'x', ...principal }, trace, requestId: 'r', signal };
}

describe('tokens for other services', () => {
  let provider: IdentityProvider;
  beforeAll(async () => {
    provider = await startIdentityProvider();
  });
  afterAll(() => provider.close());
  afterEach(async () => {
    provider.fault = undefined;
    provider.lifetimeSecs = 300;
    provider.requests.length = 0;
    await provider.up();
  });

  const tokens = (env: Record<string, string> = {}) =>
    outboundTokens(
      readSettings(authSettings, {
        ARP_AUTH_ISSUER: provider.issuer,
        ARP_AUTH_CLIENT_ID: 'arp-run-gateway',
        ARP_AUTH_CLIENT_SECRET: SECRET,
        ...env,
      }),
    );
  const exchange = (env: Record<string, string> = {}, audience = AUDIENCE) =>
    tokens(env).onBehalfOfCaller({ audience, bearerToken: undefined });
  const ofUser = async (user: string) => context({ issuer: provider.issuer, token: await provider.userToken(user) });
  const claimsOf = async (source: TokenSource, ctx: RequestContext) => decodeJwt((await source.token(ctx)) ?? '');

  describe('come from', () => {
    it('the setting of the peer, whatever else is set', async () => {
      const peer = { audience: AUDIENCE, bearerToken: 'set-by-hand' };
      for (const source of [tokens().asService(peer), tokens().onBehalfOfCaller(peer)]) {
        expect(await source.token(await ofUser('alice'))).toBe('set-by-hand');
      }
      expect(provider.requests).toEqual([]);
    });

    it('nowhere without a client', async () => {
      const source = outboundTokens(readSettings(authSettings, {})).asService({
        audience: 'a',
        bearerToken: undefined,
      });
      expect(await source.token(context())).toBeUndefined();
    });

    it.each([
      [{ ARP_AUTH_CLIENT_ID: 'c' }, 'ARP_AUTH_CLIENT_SECRET'],
      [{ ARP_AUTH_CLIENT_SECRET: 's3cret-of-c' }, 'ARP_AUTH_CLIENT_ID'],
      [{ ARP_AUTH_CLIENT_ID: 'c', ARP_AUTH_CLIENT_SECRET: 's3cret-of-c', ARP_AUTH_PROFILE: 'prod' }, 'ARP_AUTH_ISSUER'],
    ])('nowhere when something is missing: %j', (env, missing) => {
      const make = () => outboundTokens(readSettings(authSettings, env));
      expect(make).toThrow(SettingsError);
      expect(make).toThrow(missing);
      expect(make).not.toThrow('s3cret-of-c');
    });

    it('client credentials, as this service', async () => {
      const source = tokens().asService({ audience: AUDIENCE, bearerToken: undefined });
      expect(await claimsOf(source, await ofUser('alice'))).toMatchObject({
        azp: 'arp-run-gateway',
        sub: provider.subject('service-account-arp-run-gateway'),
      });
      expect(provider.requests).toEqual([
        { grant: 'client_credentials', client: 'arp-run-gateway', audience: AUDIENCE },
      ]);
    });

    it('the exchange of the token of the caller, each his own, once for each', async () => {
      const source = exchange();
      const [alice, bob] = [await ofUser('alice'), await ofUser('bob')];
      for (const [ctx, user, tenant] of [
        [alice, 'alice', 'acme'],
        [bob, 'bob', 'globex'],
        [alice, 'alice', 'acme'],
      ] as const) {
        expect(await claimsOf(source, ctx)).toMatchObject({
          sub: provider.subject(user),
          tenant_id: tenant,
          aud: AUDIENCE,
          azp: 'arp-run-gateway',
          realm_access: { roles: ['arp-user'] },
        });
      }
      expect(provider.requests.map(({ grant }) => grant)).toEqual(['token_exchange', 'token_exchange']);
    });

    it('client credentials for a caller without a token, and from nowhere for one who must have one', async () => {
      const source = exchange();
      expect(await claimsOf(source, context())).toMatchObject({
        preferred_username: 'service-account-arp-run-gateway',
      });
      for (const principal of [
        { issuer: provider.issuer },
        { assignment: { runId: 'r', nodeRunId: 'n', epoch: 1 } },
      ] as const) {
        await expect(source.token(context(principal))).rejects.toMatchObject({ code: 'token_request_failed' });
      }
    });
  });

  it('are asked for once, however many want them at the same time', async () => {
    const source = exchange();
    const alice = await ofUser('alice');
    const all = await Promise.all(Array.from({ length: 100 }, () => source.token(alice)));
    expect(new Set(all).size).toBe(1);
    expect(provider.requests).toHaveLength(1);
  });

  it('are had anew when they were refused, and only then', async () => {
    const source = exchange();
    const [alice, bob] = [await ofUser('alice'), await ofUser('bob')];
    const [first, other] = [await source.token(alice), await source.token(bob)];
    source.refused(alice, 'another');
    expect(await source.token(alice)).toBe(first);
    source.refused(alice, first ?? '');
    expect(await source.token(alice)).not.toBe(first);
    expect(await source.token(bob)).toBe(other);
    expect(provider.requests).toHaveLength(3);
  });

  it('are not kept for longer than the token of the caller lives', async () => {
    const source = exchange();
    provider.lifetimeSecs = 4;
    const ctx = await ofUser('alice');
    provider.lifetimeSecs = 300;
    await source.token(ctx);
    await new Promise((settle) => setTimeout(settle, 4_100));
    await expect(source.token(ctx)).rejects.toMatchObject({
      code: 'unauthorized',
      message: 'The token is not valid any more',
    });
  });

  describe('that cannot be had', () => {
    const failing = async (source: TokenSource, ctx: RequestContext): Promise<AppError> => {
      const error: unknown = await source.token(ctx).then(
        () => new Error('there was one'),
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(AppError);
      return error as AppError;
    };
    const UNAVAILABLE = { code: 'identity_provider_unavailable', status: 503, retryable: true };

    it('while the identity provider is away: 503, while those that are kept are used', async () => {
      const source = exchange();
      const [alice, bob] = [await ofUser('alice'), await ofUser('bob')];
      const kept = await source.token(alice);
      await provider.down();
      expect(await source.token(alice)).toBe(kept);
      expect(await failing(source, bob)).toMatchObject(UNAVAILABLE);
      await provider.up();
      expect(await source.token(bob)).toBeDefined();
    });

    it('where nothing listens', async () => {
      const url = `http://127.0.0.1:${await freePort()}/token`;
      const source = exchange({ ARP_AUTH_TOKEN_ENDPOINT: url });
      expect(await failing(source, await ofUser('alice'))).toMatchObject(UNAVAILABLE);
    });

    it.each<[TokenEndpointFault['refuse'], number]>([
      [{ status: 500, error: 'server_error' }, 2],
      [{ status: 502 }, 2],
      [{ status: 429, error: 'slow_down' }, 1],
      [{ status: 429 }, 1],
      [{ status: 400, error: 'temporarily_unavailable' }, 1],
    ])('%j: 503, after %d requests', async (refuse, requests) => {
      provider.fault = { ...(refuse === undefined ? {} : { refuse }) };
      expect(await failing(exchange(), await ofUser('alice'))).toMatchObject(UNAVAILABLE);
      expect(provider.requests).toHaveLength(requests);
    });

    it('in time: 503, after one request', async () => {
      provider.fault = { delayMs: 1_500 };
      expect(await failing(exchange({ ARP_AUTH_TIMEOUT_SECS: '1' }), await ofUser('alice'))).toMatchObject(UNAVAILABLE);
      expect(provider.requests).toHaveLength(1);
    });

    it('by a server that fails once: with the second request', async () => {
      provider.fault = { delayMs: 50, refuse: { status: 503 } };
      const asked = exchange().token(await ofUser('alice'));
      while (provider.requests.length === 0) await new Promise((settle) => setTimeout(settle, 5));
      provider.fault = undefined;
      expect(await asked).toBeDefined();
      expect(provider.requests).toHaveLength(2);
    });

    it('since they are refused: 502 with client, audience and error code', async () => {
      const alice = await ofUser('alice');
      expect(await failing(exchange({}, 'arp-atomic-executor'), alice)).toMatchObject({
        code: 'token_request_failed',
        status: 502,
        retryable: true,
        message: expect.stringMatching(/arp-run-gateway.*arp-atomic-executor.*invalid_request/),
        cause: { message: expect.stringContaining('Requested audience not available') },
      });
      expect(await failing(exchange({ ARP_AUTH_CLIENT_SECRET: 'wrong-secret' }), alice)).toMatchObject({
        code: 'token_request_failed',
        message: expect.stringContaining('unauthorized_client'),
      });
      expect(await failing(exchange({ ARP_AUTH_TOKEN_ENDPOINT: `${provider.issuer}/nothing` }), alice)).toMatchObject({
        code: 'token_request_failed',
        message: expect.stringMatching(/invalid_request|404/),
      });
      expect(provider.requests).toHaveLength(1);
    });

    it('says no token and no secret, in the error or in the log', async () => {
      const alice = await ofUser('alice');
      const secrets = [SECRET, alice.principal.token ?? ''];
      const description = `what is ${secrets.join(' and ')}?`;
      const faults: [TokenEndpointFault, Record<string, string>][] = [
        [{ refuse: { status: 400, error: 'invalid_request', description } }, {}],
        [{ refuse: { status: 400, error: SECRET, description } }, {}],
        [{ refuse: { status: 500, error: 'server_error', description } }, {}],
        [{ refuse: { status: 400, error: 'invalid_grant', description } }, {}],
        [{ delayMs: 1_500 }, { ARP_AUTH_TIMEOUT_SECS: '1' }],
      ];
      let log = '';
      const sink = new Writable({
        write: (chunk, _encoding, done) => {
          log += String(chunk);
          done();
        },
      });
      const logger = createLogger('spec', { LOG_LEVEL: 'trace', LOG_FORMAT: 'json' }, sink);
      for (const [fault, env] of faults) {
        provider.fault = fault;
        const error = await failing(exchange(env), alice);
        logger.error({ err: error, cause: error.cause }, error.message);
        log += inspect(error, { depth: 10, showHidden: true });
      }
      expect(log.match(/AppError/g)?.length).toBeGreaterThanOrEqual(faults.length);
      expect(log).toContain('[redacted]');
      for (const secret of secrets) expect(log).not.toContain(secret);
    });
  });
});
