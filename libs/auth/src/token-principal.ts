import type { Principal } from '#contract';
import type { AuthRules } from './auth-rules.js';
import { AUTHENTICATED, permissionsOf, rolesOf } from './grants.js';
import { ownerOf } from './reach.js';
import { isName, TokenRefusedError } from './token-checks.js';
import type { TrustedClaims } from './token-checks.js';

const MAX_ACTORS = 10;

/**
 * Who holds a verified token.
 *
 * @throws TokenRefusedError when the tenant is there but cannot be read: falling back to the person would give another owner
 */
export function principalOf(
  claims: TrustedClaims,
  token: string,
  rules: Pick<AuthRules, 'tokens' | 'grants'>,
): Principal {
  const { issuer, audiences, tenantClaim } = rules.tokens;
  const { sub: subject } = claims;
  const tenant = claimAt(claims, tenantClaim);
  if (tenant !== undefined && !isName(tenant)) throw new TokenRefusedError('its tenant is not a name');
  const clientId = [claims['azp'], claims['client_id']].find(isName);
  const roles = rolesOf(claims, audiences);
  const actors = actorsOf(claims['act'], clientId);
  return {
    subject,
    ...(tenant === undefined ? {} : { tenantId: tenant }),
    owner: ownerOf({ subject, ...(tenant === undefined ? {} : { tenantId: tenant }) }),
    ...(roles.length === 0 ? {} : { roles }),
    permissions: permissionsOf([AUTHENTICATED, ...roles], rules.grants),
    issuer,
    ...(clientId === undefined ? {} : { clientId }),
    isService: isService(claims, clientId),
    ...(actors.length === 0 ? {} : { actors }),
    token,
  };
}

/** The claim of this name, or at the end of the names that it joins by dots. null is as if it were absent. */
function claimAt(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name] ?? undefined;
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value ?? undefined;
}

/** RFC 9068 section 2.2: sub is the client where no person is involved. Keycloak gives the client a user of its own instead. */
function isService(claims: TrustedClaims, clientId: string | undefined): boolean {
  if (clientId === undefined) return false;
  if (claims.sub === clientId) return true;
  return claims['preferred_username'] === `service-account-${clientId}` && claims['sid'] === undefined;
}

/** The actors of nested `act` claims (RFC 8693 section 4.1), where the outermost is the latest; without the client itself. */
function actorsOf(act: unknown, clientId: string | undefined): string[] {
  const actors: string[] = [];
  let current = act;
  for (let depth = 0; depth < MAX_ACTORS && typeof current === 'object' && current !== null; depth += 1) {
    const { client_id, azp, sub, act: before } = current as Record<string, unknown>;
    const name = [client_id, azp, sub].find(isName);
    if (name !== undefined && !(depth === 0 && name === clientId)) actors.unshift(name);
    current = before;
  }
  return actors;
}
