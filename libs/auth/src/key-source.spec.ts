import { createLogger } from '#http';
import { makeKey, startTokenIssuer } from '#testing';
import type { TokenIssuer } from '#testing';
import { KeySource } from './key-source.js';

const UNAVAILABLE = { code: 'identity_provider_unavailable', message: 'Unable to fetch JWKS' };
const MINUTE = 60_000;

describe('the keys of an issuer', () => {
  let issuer: TokenIssuer;
  let now: number;
  let log: string[];
  beforeEach(async () => {
    issuer = await startTokenIssuer();
    now = 0;
    log = [];
  });
  afterEach(() => issuer.close());

  const source = (rules: { issuer?: string; jwksUri?: string; timeoutMs?: number } = {}) => {
    const { issuer: iss, discoveryUrl } = issuer;
    const logger = createLogger(
      'test',
      { LOG_LEVEL: 'info', LOG_FORMAT: 'json' },
      { write: (line: string) => void log.push(line) },
    );
    const given = { issuer: iss, discoveryUrl, jwksUri: undefined, timeoutMs: 5_000, ...rules };
    return new KeySource(given, logger, () => now);
  };
  const kid = () => issuer.keys.at(-1)?.kid;

  it('are fetched when the first is needed, and then known', async () => {
    const keys = source();
    expect(issuer.discoveryFetches).toBe(0);
    const all = await Promise.all([kid(), kid(), kid()].map((id) => keys.keyOf(id)));
    for (const key of all) {
      expect(key).toMatchObject({ alg: 'RS256', publicKey: expect.stringContaining('PUBLIC KEY') });
    }
    await keys.keyOf(kid());
    expect([issuer.discoveryFetches, issuer.jwksFetches]).toEqual([1, 1]);
  });

  it('are had without discovery when it is said where they are', async () => {
    expect(await source({ jwksUri: issuer.jwksUri }).keyOf(kid())).toBeDefined();
    expect([issuer.discoveryFetches, issuer.jwksFetches]).toEqual([0, 1]);
  });

  it('without a kid are the only one, or none', async () => {
    const keys = source();
    expect(await keys.keyOf(undefined)).toBeDefined();
    issuer.addKey();
    expect(await source().keyOf(undefined)).toBeUndefined();
  });

  it('for encryption are none', async () => {
    issuer.extraKeys = [{ kty: 'RSA', use: 'enc', kid: 'enc', alg: 'RSA-OAEP', n: 'AQAB', e: 'AQAB' }];
    const keys = source();
    expect(await keys.keyOf('enc')).toBeUndefined();
    expect(await keys.keyOf(kid())).toBeDefined();
  });

  it('that are new are fetched once, also for many at a time', async () => {
    const keys = source();
    await keys.keyOf(kid());
    const added = issuer.addKey('ES256');
    const found = await Promise.all(Array.from({ length: 20 }, () => keys.keyOf(added.kid)));
    expect(found.every((key) => key?.alg === 'ES256')).toBe(true);
    expect(issuer.jwksFetches).toBe(2);
  });

  it('that are unknown are looked for no more often than the limit, and known ones are had all the same', async () => {
    const keys = source();
    await keys.keyOf(kid());
    for (let count = 0; count < 200; count += 1) expect(await keys.keyOf(`made-up-${count}`)).toBeUndefined();
    expect(issuer.jwksFetches).toBeLessThanOrEqual(60);
    expect(issuer.jwksFetches).toBeGreaterThan(10);
    expect(await keys.keyOf(kid())).toBeDefined();
  });

  it('that are new are not hidden by whoever looks for unknown ones all the time', async () => {
    const keys = source();
    await keys.keyOf(kid());
    const flood = async () => {
      for (let count = 0; count < 100; count += 1) await keys.keyOf(`made-up-${count}`);
    };
    await flood();
    const fetches = issuer.jwksFetches;
    const { kid: rotated } = issuer.rotate();
    now += 2_000;
    await flood();
    expect(issuer.jwksFetches).toBe(fetches + 1);
    expect(await keys.keyOf(rotated)).toBeDefined();
  });

  it('that the issuer has withdrawn are no longer known some time after', async () => {
    const keys = source();
    const old = kid();
    await keys.keyOf(old);
    issuer.rotate();
    now += 11 * MINUTE;
    expect(await keys.keyOf(old)).toBeDefined();
    while ((await keys.keyOf(old)) !== undefined) await new Promise((settle) => setTimeout(settle, 5));
  });

  it('are kept while the identity provider is away, and unknown ones are 503', async () => {
    const keys = source();
    const known = kid();
    await keys.keyOf(known);
    await issuer.goDown();
    for (const minutes of [1, 11, 60, 600]) {
      now = minutes * MINUTE;
      expect(await keys.keyOf(known)).toBeDefined();
    }
    await expect(keys.keyOf('new')).rejects.toMatchObject(UNAVAILABLE);
    await issuer.comeUp();
    now += 2_000;
    expect(await keys.keyOf(issuer.addKey().kid)).toBeDefined();
  });

  it('are not believed for more than a day without the identity provider', async () => {
    const keys = source();
    const known = kid();
    await keys.keyOf(known);
    await issuer.goDown();
    now = 25 * 60 * MINUTE;
    await expect(keys.keyOf(known)).rejects.toMatchObject(UNAVAILABLE);
  });

  it('are 503 without an identity provider at the start, and had when it is there', async () => {
    await issuer.goDown();
    const keys = source();
    await expect(keys.keyOf(kid())).rejects.toMatchObject(UNAVAILABLE);
    await issuer.comeUp();
    await expect(keys.keyOf(kid())).rejects.toMatchObject(UNAVAILABLE);
    now += 1_001;
    expect(await keys.keyOf(kid())).toBeDefined();
  });

  it('that do not come in time are 503; nobody waits for known ones', async () => {
    const keys = source({ timeoutMs: 1_500 });
    const known = kid();
    await keys.keyOf(known);
    issuer.behaviour = 'hang';
    await expect(keys.keyOf('new')).rejects.toMatchObject(UNAVAILABLE);
    now += 11 * MINUTE;
    expect(await keys.keyOf(known)).toBeDefined();
    while (log.length === 0) await new Promise((settle) => setTimeout(settle, 20));
    expect(log.join()).toContain('those known are kept');
  });

  it.each([
    ['errors', () => (issuer.behaviour = 'error')],
    ['no JSON', () => (issuer.behaviour = 'garbage')],
    ['the document of another issuer', () => (issuer.discovery = { issuer: `${issuer.issuer}/` })],
    ['a document without keys', () => (issuer.discovery = { jwks_uri: undefined })],
    ['a place of keys that is no URL', () => (issuer.discovery = { jwks_uri: 'certs' })],
  ])('are 503 when the identity provider answers with %s', async (_, spoil) => {
    spoil();
    await expect(source().keyOf(kid())).rejects.toMatchObject(UNAVAILABLE);
  });

  it('that were good are kept when it answers with nothing usable', async () => {
    const keys = source();
    const known = issuer.keys.at(-1);
    await keys.keyOf(known?.kid);
    Object.assign(issuer, { keys: [] });
    await expect(keys.keyOf(makeKey().kid)).rejects.toMatchObject(UNAVAILABLE);
    expect(await keys.keyOf(known?.kid)).toBeDefined();
  });
});
