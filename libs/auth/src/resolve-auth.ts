import { SettingsError } from '#config';
import type { Logger, OpenApiLogin } from '#http';
import { TOKEN_ALGORITHMS } from './auth-rules.js';
import type { AuthMode, AuthProfile, AuthRules, TokenAlgorithm } from './auth-rules.js';
import type { AuthSettings } from './auth-settings.js';
import { readGrants } from './grants.js';

/** What a service assumes where its settings say nothing. */
export interface AuthDefaults {
  /** Names under which tokens may mean it; the first is its own. */
  readonly audiences: readonly [string, ...string[]];
  /** Without ARP_AUTH_MODE and ARP_AUTH_PROFILE. */
  readonly mode: AuthMode;
}

const DEV_KEYCLOAK_ISSUER = 'http://localhost:8080/realms/arp-dev';
/** Header `typ` of the coordinator's own assignment tokens, which are none of an identity provider. */
const ASSIGNMENT_TYPE = 'arp-assignment+jwt';

const PROFILES: Readonly<Record<NonNullable<AuthSettings['ARP_AUTH_PROFILE']>, AuthProfile>> = {
  'dev-insecure': 'dev-insecure',
  dev: 'dev-insecure',
  'dev-secure-keycloak': 'dev-secure-keycloak',
  'dev-secure': 'dev-secure-keycloak',
  keycloak: 'dev-secure-keycloak',
  enterprise: 'enterprise',
  prod: 'enterprise',
  production: 'enterprise',
};
const MODES: Readonly<Record<AuthProfile, AuthMode>> = {
  'dev-insecure': 'disabled',
  'dev-secure-keycloak': 'required',
  enterprise: 'required',
};
/** Settings that do nothing while callers are not authenticated. */
const OF_TOKENS = [
  'ARP_AUTH_ISSUER',
  'ARP_AUTH_AUDIENCE',
  'ARP_AUTH_SERVICE_ID',
  'ARP_AUTH_JWKS_URI',
  'ARP_AUTH_OIDC_DISCOVERY_URL',
  'ARP_AUTH_GRANTS',
] as const;

/** The profile and the mode that the settings say. */
function authInForce(
  settings: AuthSettings,
  defaultMode: AuthMode,
): { readonly profile: AuthProfile | undefined; readonly mode: AuthMode } {
  const profile = settings.ARP_AUTH_PROFILE === undefined ? undefined : PROFILES[settings.ARP_AUTH_PROFILE];
  return { profile, mode: settings.ARP_AUTH_MODE ?? (profile === undefined ? defaultMode : MODES[profile]) };
}

/** The issuer, where the settings name one or the profile implies one: `enterprise` implies none. */
export function issuerOf(settings: Pick<AuthSettings, 'ARP_AUTH_ISSUER' | 'ARP_AUTH_PROFILE'>): string | undefined {
  const profile = settings.ARP_AUTH_PROFILE === undefined ? undefined : PROFILES[settings.ARP_AUTH_PROFILE];
  return settings.ARP_AUTH_ISSUER ?? (profile === 'enterprise' ? undefined : DEV_KEYCLOAK_ISSUER);
}

/**
 * What holds at a service: a single setting goes before the profile, which goes before the service's default.
 *
 * @throws SettingsError with all problems
 */
export function resolveAuth(settings: AuthSettings, defaults: AuthDefaults): AuthRules {
  const { profile, mode } = authInForce(settings, defaults.mode);
  const { grants, problems: grantProblems } = readGrants(settings.ARP_AUTH_GRANTS);
  const tokenTypes = settings.ARP_AUTH_TOKEN_TYPES.map(mediaTypeOf);
  const problems = [
    ...grantProblems.map((problem) => `ARP_AUTH_GRANTS: ${problem}`),
    ...problemsOfLists(settings, tokenTypes),
    ...(profile === 'enterprise' && mode !== 'disabled' ? problemsOfEnterprise(settings) : []),
  ];
  if (problems.length > 0) throw new SettingsError(problems.sort());
  const issuer = issuerOf(settings) ?? DEV_KEYCLOAK_ISSUER;
  return {
    profile,
    mode,
    tokens: {
      issuer,
      audiences:
        settings.ARP_AUTH_AUDIENCE ??
        (settings.ARP_AUTH_SERVICE_ID === undefined ? defaults.audiences : [settings.ARP_AUTH_SERVICE_ID]),
      jwksUri: settings.ARP_AUTH_JWKS_URI,
      discoveryUrl: settings.ARP_AUTH_OIDC_DISCOVERY_URL ?? discoveryUrlOf(issuer),
      algorithms: settings.ARP_AUTH_ALGORITHMS.filter(isTokenAlgorithm),
      tokenTypes,
      clockSkewSeconds: settings.ARP_AUTH_CLOCK_SKEW_SECONDS,
      tenantClaim: settings.ARP_AUTH_TENANT_CLAIM,
      timeoutMs: settings.ARP_AUTH_TIMEOUT_SECS * 1_000,
    },
    grants,
    exemptPaths: new Set(settings.ARP_AUTH_EXEMPT_PATHS),
    devSubject: settings.ARP_AUTH_DEV_SUBJECT,
    anonymousSubject: settings.ARP_AUTH_ANONYMOUS_SUBJECT,
    forwarders: settings.ARP_AUTH_FORWARDERS,
    swaggerClientId: settings.ARP_AUTH_SWAGGER_CLIENT_ID,
    warnings: warningsOf(settings, profile, mode),
  };
}

/** What holds, in one sentence. */
export function describeAuth({ profile, mode, tokens }: Pick<AuthRules, 'profile' | 'mode' | 'tokens'>): string {
  const from = profile === undefined ? 'no ARP_AUTH_PROFILE' : `ARP_AUTH_PROFILE=${profile}`;
  if (mode === 'disabled') return `callers are not authenticated and may do everything (${from}, mode disabled)`;
  const accepted = `tokens of ${tokens.issuer} for ${tokens.audiences.join(' or ')}`;
  return mode === 'required'
    ? `callers need ${accepted} (${from}, mode required)`
    : `callers without one of the ${accepted} are anonymous (${from}, mode optional)`;
}

/** How Swagger UI gets a token; undefined while none is needed. The issuer is what browsers reach, whatever this service asks. */
export function loginOf({ mode, tokens, swaggerClientId }: AuthRules): OpenApiLogin | undefined {
  if (mode === 'disabled') return undefined;
  return { openIdConnectUrl: discoveryUrlOf(tokens.issuer), clientId: swaggerClientId };
}

/** Logs what holds, and what the operator should know. */
export function sayWhatHolds(rules: AuthRules, logger: Logger): void {
  logger.info({ profile: rules.profile, mode: rules.mode }, describeAuth(rules));
  for (const warning of rules.warnings) logger.warn(warning);
}

/** Where an issuer's discovery document is (OpenID Connect Discovery 1.0, section 4). */
export function discoveryUrlOf(issuer: string): string {
  return `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
}

function problemsOfLists(settings: AuthSettings, tokenTypes: readonly string[]): string[] {
  const problems: string[] = [];
  const wrong = settings.ARP_AUTH_ALGORITHMS.filter((name) => !isTokenAlgorithm(name));
  if (wrong.length > 0) {
    problems.push(
      `ARP_AUTH_ALGORITHMS: ${wrong.join(', ')} cannot be used; only signatures with a private key can: ${TOKEN_ALGORITHMS.join(', ')}`,
    );
  }
  for (const name of ['ARP_AUTH_ALGORITHMS', 'ARP_AUTH_TOKEN_TYPES', 'ARP_AUTH_AUDIENCE'] as const) {
    if (settings[name]?.length === 0) problems.push(`${name}: must name at least one`);
  }
  if (tokenTypes.includes(ASSIGNMENT_TYPE)) {
    problems.push(`ARP_AUTH_TOKEN_TYPES: ${ASSIGNMENT_TYPE} is the type of assignment tokens, not of access tokens`);
  }
  return problems;
}

function problemsOfEnterprise(settings: AuthSettings): string[] {
  const problems: string[] = [];
  if (settings.ARP_AUTH_ISSUER === undefined) {
    problems.push('ARP_AUTH_ISSUER: the profile enterprise needs it: the issuer of your tokens, exactly as their iss');
  }
  if (settings.ARP_AUTH_AUDIENCE === undefined && settings.ARP_AUTH_SERVICE_ID === undefined) {
    problems.push(
      'ARP_AUTH_AUDIENCE: the profile enterprise needs it (or ARP_AUTH_SERVICE_ID): the aud of tokens for this service',
    );
  }
  return problems;
}

function warningsOf(settings: AuthSettings, profile: AuthProfile | undefined, mode: AuthMode): string[] {
  if (mode !== 'disabled') return [];
  const warnings: string[] = [];
  const unused = OF_TOKENS.filter((name) => settings[name] !== undefined);
  if (profile === undefined && settings.ARP_AUTH_MODE === undefined) {
    warnings.push(
      unused.length > 0
        ? `${unused.join(', ')}: set, but without effect, since callers are not authenticated: set ARP_AUTH_PROFILE or ARP_AUTH_MODE=required too`
        : 'callers are not authenticated: set ARP_AUTH_PROFILE',
    );
  }
  if (profile !== undefined && MODES[profile] !== 'disabled') {
    warnings.push(`ARP_AUTH_MODE=disabled undoes ARP_AUTH_PROFILE=${profile}: callers may do everything`);
  }
  return warnings;
}

function isTokenAlgorithm(name: string): name is TokenAlgorithm {
  return (TOKEN_ALGORITHMS as readonly string[]).includes(name);
}

/** RFC 7515 section 4.1.9: `application/` may be left out, and case does not count. */
export function mediaTypeOf(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '');
}
