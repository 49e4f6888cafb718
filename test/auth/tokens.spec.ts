import { makeKey, startTokenIssuer } from '#testing';
import type { IssuerKey, TokenClaims, TokenIssuer, TokenOptions } from '#testing';
import { ask, startGuarded } from './guarded-service.js';
import type { GuardAnswer, GuardedService } from './guarded-service.js';

/** The words of the reference. */
const INVALID = 'Invalid token';
const HEADER = 'Invalid Authorization header';
const MISSING = 'Missing Authorization header';
const EXPIRED = 'Token expired';
const AUDIENCE = 'Invalid token audience';
const ISSUER = 'Invalid token issuer';

let issuer: TokenIssuer;
let attacker: TokenIssuer;
let service: GuardedService;
/** A key of the issuer that is not its newest. */
let older: IssuerKey;
let elliptic: IssuerKey;
/** Everything that was sent as a token, and everything that came back. */
const sent: string[] = [];
const answers: string[] = [];

beforeAll(async () => {
  issuer = await startTokenIssuer('me');
  attacker = await startTokenIssuer('me');
  [older] = issuer.keys as [IssuerKey];
  elliptic = issuer.addKey('ES256');
  issuer.addKey('RS256');
  issuer.extraKeys = [{ ...older.publicKey.export({ format: 'jwk' }), kid: 'enc', use: 'enc', alg: 'RSA-OAEP' }];
  service = await startGuarded({ ARP_AUTH_ISSUER: issuer.issuer, ARP_AUTH_ALGORITHMS: 'RS256,ES256' });
});
afterAll(async () => {
  await service.stop();
  await issuer.close();
  await attacker.close();
});

const token = (claims: TokenClaims = {}, options?: TokenOptions) =>
  issuer.token({ roles: ['arp-user'], ...claims }, options);
const seconds = (fromNow: number) => Math.floor(Date.now() / 1_000) + fromNow;
const bearer = (jwt: string) => `Bearer ${jwt}`;

async function send(authorization: string | readonly string[], query = ''): Promise<GuardAnswer> {
  sent.push(...[authorization].flat(), query);
  const answer = await ask(`${service.url}/v1/whoami${query}`, authorization);
  answers.push(answer.text, answer.challenge ?? '');
  return answer;
}

describe('an access token is accepted', () => {
  it.each<[string, () => string]>([
    ['as Keycloak makes it', () => token()],
    ['signed with ES256', () => token({}, { key: elliptic })],
    ['signed with an older key', () => token({}, { key: older })],
    ['as RFC 9068 wants it', () => token({ typ: undefined, client_id: 'x' }, { header: { typ: 'at+jwt' } })],
    ['with the whole media type', () => token({}, { header: { typ: 'application/AT+JWT' } })],
    ['for several audiences, with us', () => token({ aud: ['other', 'me'] })],
    ['expired for less than the clock skew', () => token({ exp: seconds(-30) })],
    ['valid in less than the clock skew', () => token({ nbf: seconds(30) })],
    ['that names keys of its own, which nobody looks at', () => token({}, { header: { jku: attacker.jwksUri } })],
  ])('%s', async (_, make) => {
    const { status, body } = await send(bearer(make()));
    expect({ status, subject: body.subject, hasToken: body.hasToken }).toEqual({
      status: 200,
      subject: 'alice',
      hasToken: true,
    });
  });

  it('whatever the case of the scheme', async () => {
    expect((await send(`bearer   ${token()}`)).status).toBe(200);
  });
});

const flip = (text: string, at: number) => `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
const parts = (jwt: string) => jwt.split('.') as [string, string, string];
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** With another payload, and the signature of the first. */
const tampered = (claims: object) => {
  const [header, payload, signature] = parts(token());
  const before = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return `${header}.${encoded({ ...before, ...claims })}.${signature}`;
};
const pem = () => older.publicKey.export({ format: 'pem', type: 'spki' }).toString();
const header = (members: Record<string, unknown>, options: TokenOptions = {}) =>
  token({}, { header: members, ...options });

/** What RFC 8725, RFC 9068 and RFC 6750 warn of, and more. */
const FLAWS: readonly (readonly [string, () => string | readonly string[], string])[] = [
  // Algorithms: RFC 8725 sections 2.1, 3.1, 3.2.
  ['alg none', () => bearer(header({ alg: 'none' }, { unsigned: true })), INVALID],
  ['alg none with a signature', () => bearer(header({ alg: 'none' })), INVALID],
  ['alg None', () => bearer(header({ alg: 'None' })), INVALID],
  ['no alg', () => bearer(header({ alg: undefined })), INVALID],
  ['alg is a list', () => bearer(header({ alg: ['RS256'] })), INVALID],
  [
    'HS256 with the public key as the secret',
    () => bearer(header({ alg: 'HS256', kid: older.kid }, { hmacSecret: pem() })),
    INVALID,
  ],
  ['HMAC with the public key, called RS256', () => bearer(header({ kid: older.kid }, { hmacSecret: pem() })), INVALID],
  ['an algorithm that is not in the list: RS512', () => bearer(header({ alg: 'RS512' })), INVALID],
  ['an algorithm that is not in the list: PS256', () => bearer(header({ alg: 'PS256' })), INVALID],
  ['an RSA key for ES256', () => bearer(header({ alg: 'ES256' })), INVALID],
  ['an elliptic key for RS256', () => bearer(header({ alg: 'RS256' }, { key: elliptic })), INVALID],
  [
    'an ECDSA signature of zeros',
    () =>
      bearer(
        `${parts(header({}, { key: elliptic }))
          .slice(0, 2)
          .join('.')}.${'A'.repeat(86)}`,
      ),
    INVALID,
  ],
  // Keys: RFC 8725 section 3.10.
  ['a key that the issuer does not have', () => bearer(header({}, { key: makeKey() })), INVALID],
  ['a key that pretends to be the issuer’s', () => bearer(header({ kid: older.kid }, { key: makeKey() })), INVALID],
  ['the kid of another key of the issuer', () => bearer(header({ kid: older.kid })), INVALID],
  ['no kid where there are several keys', () => bearer(header({ kid: undefined })), INVALID],
  ['the kid of an encryption key', () => bearer(header({ kid: 'enc' }, { key: older })), INVALID],
  ['a kid that is a path', () => bearer(header({ kid: '../../../../../../dev/null' })), INVALID],
  ['a kid that is a statement', () => bearer(header({ kid: "x' union select 'key" })), INVALID],
  ['a kid that is a name every object has', () => bearer(header({ kid: '__proto__' })), INVALID],
  ['a kid that is an object', () => bearer(header({ kid: { $ne: '' } })), INVALID],
  ['a jku of the attacker', () => bearer(attackers({ jku: attacker.jwksUri })), INVALID],
  ['an x5u of the attacker', () => bearer(attackers({ x5u: attacker.jwksUri })), INVALID],
  [
    'a jwk of the attacker',
    () => bearer(attackers({ jwk: attacker.keys[0]?.publicKey.export({ format: 'jwk' }) })),
    INVALID,
  ],
  [
    'a jku of the attacker and a kid of the issuer',
    () => bearer(attackers({ jku: attacker.jwksUri, kid: older.kid })),
    INVALID,
  ],
  // Header: RFC 7515 section 4.1.11, RFC 8725 section 3.11.
  ['crit', () => bearer(header({ crit: ['exp'] })), INVALID],
  ['b64', () => bearer(header({ b64: false, crit: ['b64'] })), INVALID],
  ['no typ', () => bearer(header({ typ: undefined })), INVALID],
  ['typ of an assignment token', () => bearer(header({ typ: 'arp-assignment+jwt' })), INVALID],
  ['typ of a logout token', () => bearer(header({ typ: 'logout+jwt' })), INVALID],
  ['typ of a DPoP proof', () => bearer(header({ typ: 'dpop+jwt' })), INVALID],
  ['typ that is no text', () => bearer(header({ typ: 7 })), INVALID],
  // Other tokens of the same issuer: RFC 9068 section 4, RFC 8725 section 2.8.
  ['an ID token', () => bearer(token({ typ: 'ID', at_hash: 'x', nonce: 'n' })), INVALID],
  ['an ID token by its at_hash alone', () => bearer(token({ typ: undefined, at_hash: 'x' })), INVALID],
  ['an ID token by its c_hash alone', () => bearer(token({ typ: undefined, c_hash: 'x' })), INVALID],
  ['an ID token by its nonce alone', () => bearer(token({ typ: undefined, nonce: 'x' })), INVALID],
  ['a refresh token', () => bearer(token({ typ: 'Refresh' })), INVALID],
  [
    'a refresh token as Keycloak signs it',
    () => bearer(token({ typ: 'Refresh', aud: issuer.issuer }, { header: { alg: 'HS512' }, hmacSecret: 'x' })),
    INVALID,
  ],
  ['an offline token', () => bearer(token({ typ: 'Offline' })), INVALID],
  ['a logout token', () => bearer(token({ typ: 'Logout' })), INVALID],
  ['a logout token by its events alone', () => bearer(token({ typ: undefined, events: {} })), INVALID],
  ['a sender-constrained token (cnf)', () => bearer(token({ cnf: { jkt: 'x' } })), INVALID],
  // Claims: RFC 8725 sections 3.8, 3.9.
  ['no exp', () => bearer(token({ exp: undefined })), INVALID],
  ['exp that is a text', () => bearer(token({ exp: '9999999999' })), INVALID],
  ['expired for longer than the clock skew', () => bearer(token({ exp: seconds(-90) })), EXPIRED],
  ['nbf beyond the clock skew', () => bearer(token({ nbf: seconds(90) })), INVALID],
  ['no sub', () => bearer(token({ sub: undefined })), INVALID],
  ['an empty sub', () => bearer(token({ sub: '' })), INVALID],
  ['a sub that is no text', () => bearer(token({ sub: ['alice'] })), INVALID],
  ['a tenant that is no text', () => bearer(token({ tenant_id: ['acme', 'globex'] })), INVALID],
  ['no aud', () => bearer(token({ aud: undefined })), AUDIENCE],
  ['another aud', () => bearer(token({ aud: 'arp-run-coordinator' })), AUDIENCE],
  ['several aud without us', () => bearer(token({ aud: ['a', 'b'] })), AUDIENCE],
  ['no aud in the list', () => bearer(token({ aud: [] })), AUDIENCE],
  ['an aud that has ours in it', () => bearer(token({ aud: 'me too' })), AUDIENCE],
  ['an aud that is an object', () => bearer(token({ aud: { me: true } })), AUDIENCE],
  ['no iss', () => bearer(token({ iss: undefined })), ISSUER],
  ['another iss', () => bearer(token({ iss: attacker.issuer })), ISSUER],
  ['the iss with a slash at the end', () => bearer(token({ iss: `${issuer.issuer}/` })), ISSUER],
  ['the iss in capitals', () => bearer(token({ iss: issuer.issuer.toUpperCase() })), ISSUER],
  ['iss that is a list', () => bearer(token({ iss: [issuer.issuer] })), ISSUER],
  // Integrity.
  ['another payload', () => bearer(tampered({ sub: 'mallory' })), INVALID],
  ['more roles', () => bearer(tampered({ realm_access: { roles: ['arp-admin'] } })), INVALID],
  ['another signature', () => bearer(flip(token(), token().length - 20)), INVALID],
  [
    'another header',
    () => bearer(`${encoded({ alg: 'RS256', typ: 'JWT', kid: older.kid, x: 1 })}.${parts(token()).slice(1).join('.')}`),
    INVALID,
  ],
  ['cut off in the signature', () => bearer(token().slice(0, -10)), INVALID],
  ['no signature', () => bearer(`${parts(token()).slice(0, 2).join('.')}.`), INVALID],
  ['two parts', () => bearer(parts(token()).slice(0, 2).join('.')), INVALID],
  ['five parts, as an encrypted one', () => bearer(`${token()}.e.f`), INVALID],
  ['no JWT at all', () => bearer('opaque'), INVALID],
  ['a header that is no JSON', () => bearer(`bm8.${parts(token()).slice(1).join('.')}`), INVALID],
  // The request: RFC 6750 section 2.1.
  ['no header', () => [], MISSING],
  ['two headers', () => [bearer(token()), bearer(token())], HEADER],
  ['two headers, the second bad', () => [bearer(token()), 'Bearer x'], HEADER],
  ['the scheme Basic', () => `Basic ${Buffer.from('alice:alice').toString('base64')}`, HEADER],
  ['a token in the scheme Basic', () => `Basic ${token()}`, HEADER],
  ['an empty bearer', () => 'Bearer ', HEADER],
  ['no scheme', () => token(), HEADER],
  ['two tokens in a header', () => `Bearer ${token()} ${token()}`, HEADER],
  ['two tokens with a comma', () => `Bearer ${token()}, Bearer ${token()}`, HEADER],
  ['an empty header', () => '', HEADER],
];

function attackers(members: Record<string, unknown>): string {
  return attacker.token({ iss: issuer.issuer, roles: ['arp-admin'] }, { header: members });
}

describe('a token is refused', () => {
  it.each(FLAWS)('%s', async (_, make, message) => {
    const { status, body, challenge } = await send(make());
    expect({ status, code: body.error?.code, message: body.error?.message }).toEqual({
      status: 401,
      code: 'unauthorized',
      message,
    });
    const error = message === HEADER || message === MISSING ? 'invalid_request' : 'invalid_token';
    expect(challenge).toBe(`Bearer error="${error}", error_description="${message}"`);
  });

  it('in the query, where only its absence from the header is seen', async () => {
    for (const name of ['access_token', 'token', 'authorization']) {
      const { status, body } = await send([], `?${name}=${token()}`);
      expect({ status, message: body.error?.message }).toEqual({ status: 401, message: MISSING });
    }
  });

  it('of 20 kB, by the HTTP server', async () => {
    const { status, body } = await send(bearer(token({ padding: 'x'.repeat(20_000) })));
    expect({ status, code: body.error?.code }).toEqual({ status: 431, code: 'headers_too_large' });
  });

  it('and the next good one is accepted', async () => {
    expect((await send(bearer(token()))).status).toBe(200);
  });

  it('and nobody asked for the keys of the attacker', () => {
    expect([attacker.jwksFetches, attacker.discoveryFetches]).toEqual([0, 0]);
  });

  it('and no part of any token is in the log or an answer', async () => {
    const log = service.log();
    expect(log).toContain('a token was refused');
    expect(log.split('\n').length).toBeGreaterThan(FLAWS.length);
    const said = log + answers.join('\n');
    const segments = sent.flatMap((text) => text.split(/[\s.,=?]+/)).filter((part) => part.length > 20);
    expect(segments.length).toBeGreaterThan(FLAWS.length);
    expect(segments.filter((segment) => said.includes(segment))).toEqual([]);
  });
});
