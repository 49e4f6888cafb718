import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, jwtVerify } from 'jose';
import { AppError } from '#contract';

/** A proof of possession as it came, and the request that it came with. */
export interface DpopProof {
  /** The header `DPoP`. */
  readonly proof: string;
  readonly method: string;
  /** URL under which the agent sent the request: below the public URL, where there is one. Its query does not matter. */
  readonly url: string;
}

/** What a proof must prove. */
export interface DpopDemand {
  readonly token: string;
  /** Thumbprint of the key that the token is bound to. */
  readonly jkt: string;
  readonly now: Date;
}

/** A proof that holds. Whether it was used before is not looked at. */
export interface ProvedPossession {
  readonly id: string;
  /** From when on its age alone refuses it. */
  readonly expiresAt: Date;
}

const ALGORITHMS = ['EdDSA', 'ES256', 'RS256', 'PS256'];
const WINDOW_SECONDS = 60;
const LENGTH_AT_MOST = 8_192;
const ID_LENGTH_AT_MOST = 256;

/**
 * Checks a DPoP proof (RFC 9449 section 4.3), but for its use before.
 *
 * @throws AppError dpop_proof_invalid with what is wrong
 */
export async function readDpopProof(sent: DpopProof, demand: DpopDemand): Promise<ProvedPossession> {
  const { proof, method, url } = sent;
  if (proof.length > LENGTH_AT_MOST) throw invalidProof('it is too long');
  const claims = await signedByItsKey(proof, demand);
  const { htm, htu, ath, iat, jti } = claims;
  if (htm !== method) throw invalidProof(`its htm must be ${method}`);
  const target = targetOf(url);
  if (target === undefined || typeof htu !== 'string' || targetOf(htu) !== target) {
    throw invalidProof(`its htu must be ${target ?? 'the URL of the request'}`);
  }
  if (ath !== createHash('sha256').update(demand.token).digest('base64url')) {
    throw invalidProof('its ath must be the SHA-256 of the token in base64url');
  }
  const now = demand.now.getTime() / 1_000;
  if (typeof iat !== 'number' || Math.abs(now - iat) > WINDOW_SECONDS) {
    throw invalidProof(`its iat must be within ${WINDOW_SECONDS} seconds of now`);
  }
  if (typeof jti !== 'string' || jti === '' || jti.length > ID_LENGTH_AT_MOST) {
    throw invalidProof(`its jti must be a text of 1 to ${ID_LENGTH_AT_MOST} characters`);
  }
  return { id: jti, expiresAt: new Date((iat + WINDOW_SECONDS) * 1_000) };
}

/** The code of every proof that does not hold. */
export function invalidProof(why: string): AppError {
  return new AppError('dpop_proof_invalid', {
    message: `The DPoP proof is not accepted: ${why}.`,
    details: { algs: ALGORITHMS },
  });
}

async function signedByItsKey(proof: string, { jkt, now }: DpopDemand): Promise<Record<string, unknown>> {
  let payload: Record<string, unknown>;
  let thumbprint: string;
  try {
    const { jwk } = decodeProtectedHeader(proof);
    thumbprint = await calculateJwkThumbprint(jwk ?? { kty: '' });
    ({ payload } = await jwtVerify(proof, EmbeddedJWK, {
      algorithms: ALGORITHMS,
      typ: 'dpop+jwt',
      currentDate: now,
    }));
  } catch {
    throw invalidProof('it is not a JWT of the type dpop+jwt that is signed by the public key in its header');
  }
  if (thumbprint !== jkt) throw invalidProof('its key is not the one that the token is bound to');
  return payload;
}

/** A URL as proofs are compared: scheme, host and path in normal form; undefined when it is none. */
function targetOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
