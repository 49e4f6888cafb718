import { decodeProtectedHeader } from 'jose';
import type { TokenRules } from './auth-rules.js';
import { mediaTypeOf } from './resolve-auth.js';

/** Of a token without the header `typ`, where ARP_AUTH_TOKEN_TYPES allows that. */
const NO_TYPE = 'absent';

/** A token that is not accepted. `message` is for the caller, `reason` for the log; neither has a part of the token. */
export class TokenRefusedError extends Error {
  override readonly name = 'TokenRefusedError';
  constructor(
    readonly reason: string,
    message = 'Invalid token',
  ) {
    super(message);
  }
}

/** What of a token's header decides which key verifies it. */
export interface TrustedHeader {
  readonly alg: string;
  readonly kid: string | undefined;
}

/**
 * Reads a token's header before anything else of it is believed. What would name another key (`jku`, `x5u`, `jwk`, `x5c`) is not
 * looked at.
 *
 * @throws TokenRefusedError
 */
export function checkHeader(token: string, { algorithms, tokenTypes }: TokenRules): TrustedHeader {
  const header = headerOf(token);
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string' || !(algorithms as readonly string[]).includes(alg)) {
    throw new TokenRefusedError('its algorithm is not one of ARP_AUTH_ALGORITHMS');
  }
  const type = typ === undefined ? NO_TYPE : typeof typ === 'string' ? mediaTypeOf(typ) : '';
  if (!tokenTypes.includes(type)) throw new TokenRefusedError('its header typ is not one of ARP_AUTH_TOKEN_TYPES');
  // There is no extension that we understand (RFC 7515 section 4.1.11).
  if ('crit' in header || 'b64' in header) throw new TokenRefusedError('its header has crit or b64');
  if (kid !== undefined && typeof kid !== 'string') throw new TokenRefusedError('its kid is not a text');
  return { alg, kid };
}

function headerOf(token: string): Record<string, unknown> {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw new TokenRefusedError('it is not a JWT');
  }
}

/** The claims of a token whose signature, issuer, audience and times were verified, as far as they are the same for everybody. */
export interface TrustedClaims extends Readonly<Record<string, unknown>> {
  readonly sub: string;
}

/** No control characters; no halves of surrogate pairs either, which the database would make equal to each other. */
const NAME = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/** Whether a claim can name somebody: it is stored, compared and logged. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value);
}

/** What only other kinds of tokens of the same issuer have: ID tokens and logout tokens. */
const OF_OTHER_TOKENS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events'];

/**
 * What jsonwebtoken leaves open: that there are an expiry and a subject, and that it is an access token that whoever holds it may
 * use.
 *
 * @throws TokenRefusedError
 */
export function checkClaims(payload: unknown): TrustedClaims {
  if (typeof payload !== 'object' || payload === null) throw new TokenRefusedError('its payload is no object');
  const claims = payload as Record<string, unknown>;
  const { exp, sub, typ } = claims;
  if (typeof exp !== 'number') throw new TokenRefusedError('it has no exp');
  if (!isName(sub)) throw new TokenRefusedError('it has no sub, or one that cannot be a name');
  // Keycloak says in the payload what a token is: Bearer, ID, Refresh, Offline, Logout.
  if (typ !== undefined && !(typeof typ === 'string' && typ.toLowerCase() === 'bearer')) {
    throw new TokenRefusedError('its payload says that it is no access token (typ)');
  }
  const other = OF_OTHER_TOKENS.find((name) => claims[name] !== undefined);
  if (other !== undefined) throw new TokenRefusedError(`it is no access token: it has ${other}`);
  if (claims['cnf'] !== undefined) {
    throw new TokenRefusedError('it is bound to a key (cnf), and the proof of that is not checked here');
  }
  return { ...claims, sub };
}
