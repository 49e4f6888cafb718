import { createPublicKey } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { invalidRequest } from '#http';

/** How a key of an agent signs. RS256 stands for RSA, which signs with PS256 too. */
export type AgentKeyAlgorithm = 'EdDSA' | 'ES256' | 'RS256';

/** The public half of a key as it is kept. */
export interface AgentPublicKey {
  /** JWK thumbprint (RFC 7638), SHA-256 in base64url. */
  readonly keyId: string;
  readonly algorithm: AgentKeyAlgorithm;
  /** The members that make the key, and no others. */
  readonly jwk: Record<string, string>;
}

const RSA_BITS = { least: 2_048, most: 8_192 };
const RSA_EXPONENT = 65_537n;
const PEM = /^-----BEGIN PUBLIC KEY-----\r?\n[A-Za-z0-9+/=\r\n]+-----END PUBLIC KEY-----$/;
const MEMBERS: Readonly<Record<AgentKeyAlgorithm, readonly string[]>> = {
  EdDSA: ['kty', 'crv', 'x'],
  ES256: ['kty', 'crv', 'x', 'y'],
  RS256: ['kty', 'n', 'e'],
};
/** Members of private and symmetric keys (RFC 7518 section 6). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

const TAKEN = `an Ed25519, a P-256, or an RSA key of ${RSA_BITS.least} to ${RSA_BITS.most} bits with the exponent 65537`;
const PRIVATE =
  'holds a private key, which must never leave the agent. It was not kept; make a new key pair and send its public half';

/**
 * Reads the public half of a key: `public_key`, a PEM of a SubjectPublicKeyInfo, or `public_jwk`, exactly one of them.
 *
 * @throws AppError invalid_request, which repeats nothing of what was sent
 */
export async function readPublicKey(sent: {
  readonly public_key?: string;
  readonly public_jwk?: Record<string, unknown>;
}): Promise<AgentPublicKey> {
  const { public_key: pem, public_jwk: jwk } = sent;
  // First of all, so that whoever sends one learns of it.
  if (pem?.includes('PRIVATE KEY') === true) throw refusal('public_key', PRIVATE);
  if (jwk !== undefined && SECRET_MEMBERS.some((member) => Object.hasOwn(jwk, member))) {
    throw refusal('public_jwk', PRIVATE);
  }
  if (pem !== undefined && jwk !== undefined) throw refusal('public_jwk', 'must be left out where public_key is given');
  if (pem !== undefined) return describe('public_key', keyOfPem(pem));
  if (jwk !== undefined) return describe('public_jwk', keyOfJwk(jwk));
  throw refusal('public_key', 'or public_jwk is required: the public half of a key pair that the agent made');
}

function keyOfPem(text: string): KeyObject {
  const pem = text.trim();
  if (!PEM.test(pem)) throw refusal('public_key', 'must be one PEM that begins with -----BEGIN PUBLIC KEY-----');
  try {
    return createPublicKey({ key: pem, format: 'pem', type: 'spki' });
  } catch {
    throw refusal('public_key', `is not a public key that can be read; it must be ${TAKEN}`);
  }
}

function keyOfJwk(jwk: Record<string, unknown>): KeyObject {
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  } catch {
    throw refusal('public_jwk', `is not a public key that can be read; it must be ${TAKEN}`);
  }
}

async function describe(path: string, key: KeyObject): Promise<AgentPublicKey> {
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) throw refusal(path, `must be ${TAKEN}`);
  const exported = key.export({ format: 'jwk' }) as Record<string, string>;
  const jwk = Object.fromEntries(MEMBERS[algorithm].map((member) => [member, exported[member] ?? '']));
  return { keyId: await calculateJwkThumbprint(jwk), algorithm, jwk };
}

function algorithmOf({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details,
}: KeyObject): AgentKeyAlgorithm | undefined {
  if (type === 'ed25519') return 'EdDSA';
  if (type === 'ec') return details?.namedCurve === 'prime256v1' ? 'ES256' : undefined;
  if (type !== 'rsa') return undefined;
  const { modulusLength = 0, publicExponent = 0n } = details ?? {};
  const isStrong = modulusLength >= RSA_BITS.least && modulusLength <= RSA_BITS.most;
  return isStrong && publicExponent === RSA_EXPONENT ? 'RS256' : undefined;
}

function refusal(path: string, message: string): Error {
  return invalidRequest([{ path, message }]);
}
