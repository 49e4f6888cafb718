import { createPublicKey } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyOptions, ProtectedHeaderParameters } from 'jose';
import { AppError } from '#contract';

/** A key that may have signed an assertion. */
export interface AssertionKey {
  readonly key_id: string;
  readonly algorithm: string;
  readonly public_jwk: Record<string, unknown>;
}

/** What the request asks for; the assertion must say the same. */
export interface AssertedRequest {
  readonly agent_id: string;
  readonly tools: readonly string[];
  readonly permissions: readonly string[];
  readonly intent?: string;
  readonly dpop_jkt?: string;
}

/** An assertion that says what it must. Whether it was used before is not looked at. */
export interface Assertion {
  readonly id: string;
  /** From when on its age alone refuses it. */
  readonly expiresAt: Date;
}

const TYPES = ['agent-assertion+jwt', 'jwt'];
const LENGTH_AT_MOST = 16_384;
const LIFETIME_SECONDS = 60;
const SKEW_SECONDS = 5;
const ID_LENGTH_AT_MOST = 256;
/** What a key of this kind signs with. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  EdDSA: ['EdDSA'],
  ES256: ['ES256'],
  RS256: ['RS256', 'PS256'],
};

/**
 * Checks what can be checked without the keys of the agent, so that garbage costs no look at the database: kind, agent, audience, times.
 *
 * @param audiences of which the assertion must name one, and nothing else
 * @throws AppError agent_assertion_invalid with what is wrong
 */
export function readAssertion(
  text: string,
  request: AssertedRequest,
  audiences: readonly string[],
  now: Date,
): Assertion {
  const { header, claims } = decoded(text);
  // As it came: nothing has said yet that it is a text.
  const typ = String(header.typ)
    .toLowerCase()
    .replace(/^application\//, '');
  if (!TYPES.includes(typ)) throw invalid('its typ must be agent-assertion+jwt or JWT');
  const { iss, sub, aud, iat, exp, jti } = claims;
  if (iss !== request.agent_id || sub !== request.agent_id) throw invalid('its iss and sub must be the agent_id');
  const audience = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  if (typeof audience !== 'string' || !audiences.includes(audience)) {
    throw invalid(`its aud must be ${audiences.join(' or ')}, and nothing else`);
  }
  if (typeof jti !== 'string' || jti === '' || jti.length > ID_LENGTH_AT_MOST) {
    throw invalid(`its jti must be a text of 1 to ${ID_LENGTH_AT_MOST} characters`);
  }
  return { id: jti, expiresAt: endOf(iat, exp, now.getTime() / 1_000) };
}

/**
 * Checks the signature with the agent's keys, and that what was signed is what is asked for. `intent` and `dpop_jkt` need not be
 * signed; where they are, the request must have the same.
 *
 * @throws AppError agent_assertion_invalid with what is wrong
 */
export async function verifyAssertion(
  text: string,
  request: AssertedRequest,
  keys: readonly AssertionKey[],
  now: Date,
): Promise<void> {
  const { header } = decoded(text);
  const candidates = keys.filter(({ key_id }) => header.kid === undefined || header.kid === key_id);
  const options = { currentDate: now, clockTolerance: SKEW_SECONDS };
  const payload = await firstThatVerifies(text, candidates, options);
  if (payload === undefined) throw invalid('it is not signed by a key that is registered for the agent');
  for (const name of ['tools', 'permissions'] as const) {
    if (!isSameSet(payload[name], request[name])) throw invalid(`its ${name} must be those of the request`);
  }
  for (const name of ['intent', 'dpop_jkt'] as const) {
    if (payload[name] !== undefined && payload[name] !== request[name]) {
      throw invalid(`its ${name} must be that of the request`);
    }
  }
}

function endOf(iat: unknown, exp: unknown, now: number): Date {
  if (typeof iat !== 'number' || typeof exp !== 'number' || exp <= iat || exp - iat > LIFETIME_SECONDS) {
    throw invalid(`its iat and exp must be seconds, exp at most ${LIFETIME_SECONDS} after iat`);
  }
  if (iat > now + SKEW_SECONDS) throw invalid('it was signed in the future; compare the clocks');
  if (exp <= now - SKEW_SECONDS) throw invalid('it has expired; sign one right before it is sent');
  return new Date((exp + SKEW_SECONDS) * 1_000);
}

async function firstThatVerifies(
  text: string,
  keys: readonly AssertionKey[],
  options: JWTVerifyOptions,
): Promise<JWTPayload | undefined> {
  for (const { algorithm, public_jwk: jwk } of keys) {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    try {
      return (await jwtVerify(text, key, { ...options, algorithms: [...(ALGORITHMS[algorithm] ?? [])] })).payload;
    } catch {
      // Another key of the agent may have signed it.
    }
  }
  return undefined;
}

function decoded(text: string): { readonly header: ProtectedHeaderParameters; readonly claims: JWTPayload } {
  try {
    if (text.length > LENGTH_AT_MOST) throw new Error('too long');
    return { header: decodeProtectedHeader(text), claims: decodeJwt(text) };
  } catch {
    throw invalid('it is not a signed JWT');
  }
}

function isSameSet(signed: unknown, asked: readonly string[]): boolean {
  if (!Array.isArray(signed)) return false;
  const set = new Set<unknown>(signed);
  return set.size === new Set(asked).size && asked.every((item) => set.has(item));
}

function invalid(why: string): AppError {
  return new AppError('agent_assertion_invalid', { message: `The assertion is not accepted: ${why}.` });
}
