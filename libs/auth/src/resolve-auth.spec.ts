import { readSettings } from '#config';
import { authSettings } from './auth-settings.js';
import { describeAuth, resolveAuth } from './resolve-auth.js';
import type { AuthDefaults } from './resolve-auth.js';

const GATEWAY: AuthDefaults = { audiences: ['arp-run-gateway'], mode: 'disabled' };
const EXECUTOR: AuthDefaults = { audiences: ['arp-atomic-executor', 'arp-jarvis-atomicexecutor'], mode: 'required' };

const resolve = (env: Record<string, string>, defaults = EXECUTOR) =>
  resolveAuth(readSettings(authSettings, env), defaults);
const problems = (env: Record<string, string>, defaults = EXECUTOR): readonly string[] => {
  try {
    resolve(env, defaults);
  } catch (error) {
    return (error as { problems?: string[] }).problems ?? [String(error)];
  }
  return [];
};

describe('what holds at a service', () => {
  it('without settings: its default, and the tokens of the local Keycloak', () => {
    expect(resolve({})).toMatchObject({
      profile: undefined,
      mode: 'required',
      tokens: {
        issuer: 'http://localhost:8080/realms/arp-dev',
        audiences: EXECUTOR.audiences,
        jwksUri: undefined,
        discoveryUrl: 'http://localhost:8080/realms/arp-dev/.well-known/openid-configuration',
        algorithms: ['RS256'],
        tokenTypes: ['jwt', 'at+jwt'],
        clockSkewSeconds: 60,
        timeoutMs: 10_000,
      },
      exemptPaths: new Set(['/v1/health', '/v1/version']),
      devSubject: 'dev',
      anonymousSubject: 'anonymous',
      warnings: [],
    });
    expect(resolve({}, GATEWAY)).toMatchObject({ mode: 'disabled', warnings: [expect.stringContaining('not auth')] });
  });

  it.each([
    ['dev-insecure', 'dev-insecure', 'disabled'],
    ['dev', 'dev-insecure', 'disabled'],
    ['dev-secure-keycloak', 'dev-secure-keycloak', 'required'],
    ['dev-secure', 'dev-secure-keycloak', 'required'],
    ['keycloak', 'dev-secure-keycloak', 'required'],
    ['enterprise', 'enterprise', 'required'],
    ['prod', 'enterprise', 'required'],
    ['production', 'enterprise', 'required'],
  ])('ARP_AUTH_PROFILE=%s is %s: %s', (name, profile, mode) => {
    const env = { ARP_AUTH_PROFILE: name, ARP_AUTH_ISSUER: 'https://idp.example.com', ARP_AUTH_AUDIENCE: 'me' };
    for (const defaults of [GATEWAY, EXECUTOR]) {
      expect(resolve(env, defaults)).toMatchObject({ profile, mode, warnings: [] });
    }
  });

  it('ARP_AUTH_MODE goes before the profile, and is said aloud where it undoes it', () => {
    expect(resolve({ ARP_AUTH_PROFILE: 'dev', ARP_AUTH_MODE: 'required' }, GATEWAY)).toMatchObject({
      mode: 'required',
      warnings: [],
    });
    expect(resolve({ ARP_AUTH_MODE: 'optional' }, GATEWAY).mode).toBe('optional');
    const { mode, warnings } = resolve({ ARP_AUTH_PROFILE: 'keycloak', ARP_AUTH_MODE: 'disabled' });
    expect(mode).toBe('disabled');
    expect(warnings).toEqual([expect.stringContaining('undoes ARP_AUTH_PROFILE=dev-secure-keycloak')]);
  });

  it('the audience is ARP_AUTH_AUDIENCE, else ARP_AUTH_SERVICE_ID, else the names of the service', () => {
    expect(resolve({ ARP_AUTH_AUDIENCE: 'a, b', ARP_AUTH_SERVICE_ID: 'c' }).tokens.audiences).toEqual(['a', 'b']);
    expect(resolve({ ARP_AUTH_SERVICE_ID: 'c' }).tokens.audiences).toEqual(['c']);
    expect(resolve({ ARP_AUTH_PROFILE: 'keycloak' }).tokens.audiences).toEqual(EXECUTOR.audiences);
  });

  it('the issuer is kept to the letter, and its discovery document is below it', () => {
    const { tokens } = resolve({ ARP_AUTH_ISSUER: 'https://idp.example.com/v1/' });
    expect(tokens.issuer).toBe('https://idp.example.com/v1/');
    expect(tokens.discoveryUrl).toBe('https://idp.example.com/v1/.well-known/openid-configuration');
    const elsewhere = 'https://inside.example.com/d';
    expect(resolve({ ARP_AUTH_OIDC_DISCOVERY_URL: elsewhere }).tokens.discoveryUrl).toBe(elsewhere);
  });

  it('settings of a gateway that stays open are said to be without effect', () => {
    const { mode, warnings } = resolve(
      { ARP_AUTH_ISSUER: 'https://idp.example.com', ARP_AUTH_SERVICE_ID: 'x' },
      GATEWAY,
    );
    expect(mode).toBe('disabled');
    expect(warnings).toEqual([expect.stringMatching(/^ARP_AUTH_ISSUER, ARP_AUTH_SERVICE_ID: set, but without effect/)]);
  });

  it('enterprise does not start without an issuer and an audience', () => {
    for (const name of ['enterprise', 'prod', 'production']) {
      const found = problems({ ARP_AUTH_PROFILE: name }, GATEWAY);
      expect(found).toEqual([
        expect.stringMatching(/^ARP_AUTH_AUDIENCE: /),
        expect.stringMatching(/^ARP_AUTH_ISSUER: /),
      ]);
    }
    const issuer = { ARP_AUTH_PROFILE: 'enterprise', ARP_AUTH_ISSUER: 'https://idp.example.com' };
    expect(problems(issuer)).toEqual([expect.stringMatching(/^ARP_AUTH_AUDIENCE: /)]);
    expect(problems({ ...issuer, ARP_AUTH_SERVICE_ID: 'x' })).toEqual([]);
    expect(problems({ ...issuer, ARP_AUTH_AUDIENCE: ' , ' })).toEqual(['ARP_AUTH_AUDIENCE: must name at least one']);
  });

  it('everything that cannot be used is named at once', () => {
    const found = problems({
      ARP_AUTH_PROFILE: 'enterprise',
      ARP_AUTH_ALGORITHMS: 'RS256,HS256,none,EdDSA',
      ARP_AUTH_TOKEN_TYPES: 'JWT,application/ARP-assignment+jwt',
      ARP_AUTH_GRANTS: 'x=y',
    });
    expect(found).toEqual([
      expect.stringMatching(/^ARP_AUTH_ALGORITHMS: HS256, none, EdDSA cannot be used/),
      expect.stringMatching(/^ARP_AUTH_AUDIENCE: /),
      expect.stringMatching(/^ARP_AUTH_GRANTS: gives x what is no permission: y/),
      expect.stringMatching(/^ARP_AUTH_ISSUER: /),
      expect.stringMatching(/^ARP_AUTH_TOKEN_TYPES: /),
    ]);
    for (const name of ['ARP_AUTH_ALGORITHMS', 'ARP_AUTH_TOKEN_TYPES']) {
      expect(problems({ [name]: ',' })).toEqual([`${name}: must name at least one`]);
    }
  });

  it('can be said in a sentence', () => {
    expect(describeAuth(resolve({ ARP_AUTH_PROFILE: 'dev' }))).toMatch(
      /may do everything \(ARP_AUTH_PROFILE=dev-insecure/,
    );
    expect(describeAuth(resolve({}))).toBe(
      'callers need tokens of http://localhost:8080/realms/arp-dev for arp-atomic-executor or arp-jarvis-atomicexecutor (no ARP_AUTH_PROFILE, mode required)',
    );
    expect(describeAuth(resolve({ ARP_AUTH_MODE: 'optional' }))).toContain('are anonymous');
  });
});
