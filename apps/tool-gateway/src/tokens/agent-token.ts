import type { KeyObject } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import { AppError } from '#contract';

/** Who signs agent tokens, and for whom they are. */
export const TOKEN_ISSUER = 'arp-tool-gateway';
export const TOKEN_ALGORITHM = 'EdDSA';
export const TOKEN_LIFETIME_SECONDS = 86_400;

const TYPE = 'agent+jwt';
const LENGTH_AT_MOST = 16_384;
/** A JWK thumbprint. */
const KEY_ID = /^[A-Za-z0-9_-]{43}$/;

/** What an agent token says. Times are seconds since 1970. */
export interface AgentTokenClaims {
  readonly agentId: string;
  readonly tools: readonly string[];
  readonly permissions: readonly string[];
  readonly intent?: string | undefined;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly tokenId: string;
  /** Thumbprint of the key that must be proved (RFC 9449); undefined: bearer. */
  readonly dpopJkt?: string | undefined;
}

/** The key that signs. */
export interface TokenSigner {
  readonly keyId: string;
  readonly privateKey: KeyObject;
}

export async function signAgentToken(claims: AgentTokenClaims, signer: TokenSigner): Promise<string> {
  const { intent, dpopJkt } = claims;
  return new SignJWT({
    tools: claims.tools,
    permissions: claims.permissions,
    ...(intent === undefined ? {} : { intent }),
    ...(dpopJkt === undefined ? {} : { cnf: { jkt: dpopJkt } }),
  })
    .setProtectedHeader({ alg: TOKEN_ALGORITHM, typ: TYPE, kid: signer.keyId })
    .setIssuer(TOKEN_ISSUER)
    .setSubject(claims.agentId)
    .setAudience(TOKEN_ISSUER)
    .setIssuedAt(claims.issuedAt)
    .setExpirationTime(claims.expiresAt)
    .setJti(claims.tokenId)
    .sign(signer.privateKey);
}

/**
 * What a token says, if it is one of ours and of now. Whether it was revoked is not looked at.
 *
 * @param keyOf the public key of this id; asked only for what looks like a token of ours
 * @throws AppError agent_token_invalid, agent_token_expired; what `keyOf` rejects with
 */
export async function readAgentToken(
  token: string,
  keyOf: (keyId: string) => Promise<KeyObject | undefined>,
  now: Date,
): Promise<AgentTokenClaims> {
  const keyId = keyIdOf(token);
  const key = keyId === undefined ? undefined : await keyOf(keyId);
  if (key === undefined) throw invalid();
  const claims = await verified(token, key, now);
  // With the end ahead, this is its age too.
  if (claims.expiresAt - claims.issuedAt > TOKEN_LIFETIME_SECONDS) throw invalid();
  return claims;
}

/** The `kid` of what looks like a token of ours, without looking at its signature. */
function keyIdOf(token: string): string | undefined {
  if (token.length > LENGTH_AT_MOST) return undefined;
  try {
    const { typ, alg, kid } = decodeProtectedHeader(token);
    return typ === TYPE && alg === TOKEN_ALGORITHM && kid !== undefined && KEY_ID.test(kid) ? kid : undefined;
  } catch {
    return undefined;
  }
}

async function verified(token: string, key: KeyObject, now: Date): Promise<AgentTokenClaims> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [TOKEN_ALGORITHM],
      typ: TYPE,
      issuer: TOKEN_ISSUER,
      audience: TOKEN_ISSUER,
      requiredClaims: ['sub', 'iat', 'exp', 'jti'],
      currentDate: now,
    });
    const { sub, iat, exp, jti, intent, cnf } = payload;
    const { tools, permissions } = payload as { tools?: unknown; permissions?: unknown };
    if (sub === undefined || iat === undefined || exp === undefined || jti === undefined) throw invalid();
    if (!isTexts(tools) || !isTexts(permissions)) throw invalid();
    return {
      agentId: sub,
      tools,
      permissions,
      intent: typeof intent === 'string' ? intent : undefined,
      issuedAt: iat,
      expiresAt: exp,
      tokenId: jti,
      dpopJkt: thumbprintOf(cnf),
    };
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (error instanceof errors.JWTExpired) throw new AppError('agent_token_expired');
    throw invalid();
  }
}

/** @throws AppError for a confirmation of another kind: what it demands is not checked here */
function thumbprintOf(cnf: unknown): string | undefined {
  if (cnf === undefined) return undefined;
  const { jkt } = (cnf ?? {}) as { readonly jkt?: unknown };
  if (typeof jkt !== 'string') throw invalid();
  return jkt;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function invalid(): AppError {
  return new AppError('agent_token_invalid');
}
