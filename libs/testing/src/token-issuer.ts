import { constants, createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK } from 'jose';
import type { JWK } from 'jose';

/** A key pair, published or not. */
export interface IssuerKey {
  readonly kid: string;
  readonly alg: 'RS256' | 'ES256';
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Claims as they are to be; undefined leaves out what there would be by default. `roles` are realm roles. */
export interface TokenClaims extends Readonly<Record<string, unknown>> {
  readonly roles?: readonly string[];
}

/** How a token is made, flaws included. */
export interface TokenOptions {
  /** Further header members; undefined leaves out one of `alg`, `typ`, `kid`. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signs it, and is named in its header. Default: the newest key of the issuer. */
  readonly key?: IssuerKey;
  /** Signs with HMAC instead, whatever the header says. */
  readonly hmacSecret?: string;
  /** No signature at all. */
  readonly unsigned?: boolean;
}

/** An identity provider for tests: a discovery document, a key set, and tokens with any flaw. */
export interface TokenIssuer {
  /** The claim `iss`. */
  readonly issuer: string;
  readonly discoveryUrl: string;
  readonly jwksUri: string;
  /** Those that the key set has, the newest last. */
  readonly keys: readonly IssuerKey[];
  /** How often the key set was asked for. */
  readonly jwksFetches: number;
  readonly discoveryFetches: number;
  /** Members that replace those of the discovery document. */
  discovery: Readonly<Record<string, unknown>>;
  /** Further members of the key set, such as an encryption key. */
  extraKeys: readonly JWK[];
  /** What it does with requests. Default `answer`. */
  behaviour: 'answer' | 'hang' | 'error' | 'garbage';
  token(claims?: TokenClaims, options?: TokenOptions): string;
  /** Adds a key, which signs from now on. */
  addKey(alg?: IssuerKey['alg']): IssuerKey;
  /** Replaces all keys by a new one. */
  rotate(alg?: IssuerKey['alg']): IssuerKey;
  /** Nothing listens any more at its address. */
  goDown(): Promise<void>;
  /** Listens again at the same address. */
  comeUp(): Promise<void>;
  close(): Promise<void>;
}

export function makeKey(alg: IssuerKey['alg'] = 'RS256', kid: string = randomUUID()): IssuerKey {
  const pair =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { kid, alg, ...pair };
}

/** @param audience `aud` of tokens that are not told another */
export async function startTokenIssuer(audience = 'arp-run-gateway'): Promise<TokenIssuer> {
  const issuer = new LoopbackIssuer(audience);
  await issuer.comeUp();
  return issuer;
}

const LIFETIME_SECONDS = 300;

class LoopbackIssuer implements TokenIssuer {
  keys: IssuerKey[] = [makeKey()];
  jwksFetches = 0;
  discoveryFetches = 0;
  discovery: Readonly<Record<string, unknown>> = {};
  extraKeys: readonly JWK[] = [];
  behaviour: TokenIssuer['behaviour'] = 'answer';
  private port = 0;
  private server: Server | undefined;

  constructor(private readonly audience: string) {}

  get issuer(): string {
    return `http://127.0.0.1:${this.port}/realms/test`;
  }

  get discoveryUrl(): string {
    return `${this.issuer}/.well-known/openid-configuration`;
  }

  get jwksUri(): string {
    return `${this.issuer}/protocol/openid-connect/certs`;
  }

  token({ roles, ...claims }: TokenClaims = {}, options: TokenOptions = {}): string {
    const now = Math.floor(Date.now() / 1_000);
    const key = options.key ?? this.keys.at(-1);
    if (key === undefined) throw new Error('the issuer has no key');
    const payload = {
      iss: this.issuer,
      aud: this.audience,
      sub: 'alice',
      typ: 'Bearer',
      azp: 'arp-dev-cli',
      iat: now,
      exp: now + LIFETIME_SECONDS,
      jti: randomUUID(),
      ...(roles === undefined ? {} : { realm_access: { roles } }),
      ...claims,
    };
    const header = { alg: key.alg, typ: 'JWT', kid: key.kid, ...options.header };
    const input = `${encode(header)}.${encode(payload)}`;
    if (options.unsigned === true) return `${input}.`;
    if (options.hmacSecret !== undefined) {
      return `${input}.${createHmac('sha256', options.hmacSecret).update(input).digest('base64url')}`;
    }
    return `${input}.${signature(input, String(header.alg), key.privateKey)}`;
  }

  addKey(alg?: IssuerKey['alg']): IssuerKey {
    const key = makeKey(alg);
    this.keys = [...this.keys, key];
    return key;
  }

  rotate(alg?: IssuerKey['alg']): IssuerKey {
    this.keys = [];
    return this.addKey(alg);
  }

  async goDown(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    const closed = new Promise((settle) => server.close(settle));
    server.closeAllConnections();
    await closed;
  }

  async comeUp(): Promise<void> {
    const server = createServer((request, response) => {
      this.serve(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((settle, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', settle);
    });
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return this.goDown();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = `http://127.0.0.1:${this.port}${request.url}`;
    if (url === this.discoveryUrl) this.discoveryFetches += 1;
    if (url === this.jwksUri) this.jwksFetches += 1;
    if (this.behaviour === 'hang') return;
    if (this.behaviour === 'error') return void response.writeHead(500).end();
    if (this.behaviour === 'garbage') return void response.writeHead(200).end('<html>');
    const body =
      url === this.discoveryUrl
        ? { issuer: this.issuer, jwks_uri: this.jwksUri, ...this.discovery }
        : url === this.jwksUri
          ? { keys: [...this.extraKeys, ...(await Promise.all(this.keys.map(publicJwk)))] }
          : undefined;
    if (body === undefined) return void response.writeHead(404).end();
    // Browsers read the discovery document and the keys from other origins.
    const headers = { 'content-type': 'application/json', 'access-control-allow-origin': '*', connection: 'close' };
    response.writeHead(200, headers).end(JSON.stringify(body));
  }
}

async function publicJwk({ publicKey, kid, alg }: IssuerKey): Promise<JWK> {
  return { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** By the algorithm of the header as far as the key allows; by what suits the key otherwise. */
function signature(input: string, alg: string, key: KeyObject): string {
  const hash = `sha${/(256|384|512)$/.exec(alg)?.[1] ?? '256'}`;
  const padding = alg.startsWith('PS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  const encoding = key.asymmetricKeyType === 'ec' ? { dsaEncoding: 'ieee-p1363' as const } : padding;
  return sign(hash, Buffer.from(input), { key, ...encoding }).toString('base64url');
}
