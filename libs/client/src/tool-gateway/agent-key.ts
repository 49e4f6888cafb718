import {
  calculateJwkThumbprint,
  exportJWK,
  exportPKCS8,
  exportSPKI,
  generateKeyPair,
  importJWK,
  importPKCS8,
  SignJWT,
} from 'jose';
import { GatewayTokenError } from './gateway-errors.js';

/** Algorithm of an agent's key. */
export type AgentKeyAlgorithm = 'EdDSA' | 'ES256' | 'RS256';

/** A key as JSON Web Key. */
export interface AgentJwk {
  readonly kty?: string;
  readonly alg?: string;
  readonly crv?: string;
  readonly d?: string;
  readonly [member: string]: unknown;
}

/** A private key of the Web Crypto API; it need not be extractable. */
export interface AgentCryptoKey {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: { readonly name: string };
  readonly usages: readonly string[];
}

/** Ed25519, P-256, or RSA of at least 2048 bits: as PEM (PKCS#8, `BEGIN PRIVATE KEY`), JWK or CryptoKey. */
export type AgentPrivateKey = string | AgentJwk | AgentCryptoKey;

/** A new key pair. Only the public half is for the gateway. */
export interface GeneratedAgentKey {
  readonly alg: AgentKeyAlgorithm;
  /** PKCS#8. Keep it in a secret store. */
  readonly privateKeyPem: string;
  /** SPKI: what `POST /api/create-agent` takes as `public_key`. */
  readonly publicKeyPem: string;
  /** The same as JWK: what it takes as `public_jwk`. */
  readonly publicJwk: AgentJwk;
}

type SigningKey = Awaited<ReturnType<typeof importPKCS8>>;

/** A key that can sign, and the algorithm it signs with. */
export interface AgentSigner {
  readonly key: SigningKey;
  readonly alg: string;
}

const MIN_RSA_BITS = 2048;
/** What WebCrypto calls the keys that the gateway accepts. */
const ALGORITHM_OF: Readonly<Record<string, string>> = {
  Ed25519: 'EdDSA',
  'ECDSA P-256': 'ES256',
  'RSASSA-PKCS1-v1_5': 'RS256',
  'RSA-PSS': 'PS256',
};
const KINDS = 'Ed25519, P-256, or RSA of at least 2048 bits';

/** Makes a key pair for an agent. @param options.alg default `EdDSA` (Ed25519) */
export async function generateAgentKey({
  alg = 'EdDSA',
}: { readonly alg?: AgentKeyAlgorithm } = {}): Promise<GeneratedAgentKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true, modulusLength: MIN_RSA_BITS });
  return {
    alg,
    privateKeyPem: await exportPKCS8(privateKey),
    publicKeyPem: await exportSPKI(publicKey),
    publicJwk: { ...(await exportJWK(publicKey)), alg, use: 'sig' },
  };
}

/** Reads an agent's key. Throws GatewayTokenError `agent_key_invalid`, without the key in it. */
export async function readAgentKey(given: AgentPrivateKey): Promise<AgentSigner> {
  const key = await imported(given);
  if (key.type !== 'private') throw refused('it is not a private key');
  const algorithm = key.algorithm as {
    name: string;
    namedCurve?: string;
    modulusLength?: number;
    hash?: { name: string };
  };
  const name = algorithm.namedCurve === undefined ? algorithm.name : `${algorithm.name} ${algorithm.namedCurve}`;
  const alg = ALGORITHM_OF[name];
  if (alg === undefined || (algorithm.hash !== undefined && algorithm.hash.name !== 'SHA-256')) {
    throw refused(`${name}${algorithm.hash === undefined ? '' : ` with ${algorithm.hash.name}`} is none of them`);
  }
  if (algorithm.modulusLength !== undefined && algorithm.modulusLength < MIN_RSA_BITS) {
    throw refused(`RSA of ${algorithm.modulusLength} bits is too short`);
  }
  if (!key.usages.includes('sign')) throw refused('it may not sign: its usages lack "sign"');
  return { key, alg };
}

/** What an agent states when it asks for a token. */
export interface AssertionClaims {
  readonly agentId: string;
  readonly audience: string;
  readonly tools: readonly string[];
  readonly permissions: readonly string[];
  readonly intent: string | undefined;
  readonly dpopJkt: string | undefined;
}

/** The signed statement of an agent that asks for a token (RFC 7523), good for 60 seconds and one use. */
export async function signAssertion({ key, alg }: AgentSigner, claims: AssertionClaims): Promise<string> {
  const { agentId, audience, tools, permissions, intent, dpopJkt } = claims;
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    tools: [...tools],
    permissions: [...permissions],
    ...(intent === undefined ? {} : { intent }),
    ...(dpopJkt === undefined ? {} : { dpop_jkt: dpopJkt }),
  })
    .setProtectedHeader({ alg, typ: 'agent-assertion+jwt' })
    .setIssuer(agentId)
    .setSubject(agentId)
    .setAudience(audience)
    .setIssuedAt(now)
    .setExpirationTime(now + 60)
    .setJti(crypto.randomUUID())
    .sign(key);
}

/** Proofs of possession (RFC 9449) with a key of this process that never leaves it. */
export class DpopKey {
  private readonly pair = generateKeyPair('ES256', { extractable: false });

  constructor() {
    // A failure is told to who asks for a proof.
    this.pair.catch(() => undefined);
  }

  /** What a token is bound to: the RFC 7638 thumbprint of the public key. */
  async thumbprint(): Promise<string> {
    return calculateJwkThumbprint(await exportJWK((await this.pair).publicKey));
  }

  /** A proof for one request with one token; used once. */
  async proof(method: string, url: string, token: string): Promise<string> {
    const { privateKey, publicKey } = await this.pair;
    const { kty, crv, x, y } = await exportJWK(publicKey);
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token));
    return new SignJWT({ htm: method, htu: url.replace(/[?#].*$/, ''), ath: base64url(digest) })
      .setProtectedHeader({
        alg: 'ES256',
        typ: 'dpop+jwt',
        jwk: { kty: kty ?? 'EC', crv: crv ?? '', x: x ?? '', y: y ?? '' },
      })
      .setIssuedAt()
      .setJti(crypto.randomUUID())
      .sign(privateKey);
  }
}

async function imported(given: AgentPrivateKey): Promise<SigningKey> {
  if (typeof given === 'string') return fromPem(given.trim());
  if (isCryptoKey(given)) return given as unknown as SigningKey;
  try {
    const key = await importJWK({ ...given, kty: given.kty ?? '' }, given.alg ?? algorithmOfJwk(given));
    if (key instanceof Uint8Array) throw new Error('a symmetric key');
    return key;
  } catch {
    throw refused('the JWK cannot be read');
  }
}

/** A PEM does not say in a word what kind of key it holds; Web Crypto tells by refusing what it is not. */
async function fromPem(pem: string): Promise<SigningKey> {
  if (!pem.startsWith('-----BEGIN PRIVATE KEY-----')) {
    const label = /^-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem)?.[1];
    throw refused(
      label === undefined ? 'it is no PEM' : `"${label}" is not PKCS#8; convert it with: openssl pkcs8 -topk8 -nocrypt`,
    );
  }
  for (const alg of ['EdDSA', 'ES256', 'RS256']) {
    try {
      return await importPKCS8(pem, alg);
    } catch {
      // Another kind of key, perhaps.
    }
  }
  throw refused('the PEM cannot be read, or holds another kind of key');
}

function algorithmOfJwk({ kty, crv }: AgentJwk): string {
  if (kty === 'OKP') return 'EdDSA';
  return kty === 'EC' && crv === 'P-256' ? 'ES256' : 'RS256';
}

function isCryptoKey(given: AgentJwk | AgentCryptoKey): given is AgentCryptoKey {
  return Array.isArray(given['usages']) && typeof given['algorithm'] === 'object';
}

function refused(why: string): GatewayTokenError {
  return new GatewayTokenError(
    `The agent's private key cannot be used: ${why}. It has to be ${KINDS}, as PKCS#8 PEM, JWK or CryptoKey.`,
    {
      code: 'agent_key_invalid',
    },
  );
}

function base64url(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
