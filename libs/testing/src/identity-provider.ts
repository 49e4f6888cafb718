import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import type { JWTPayload } from 'jose';
import type { AdapterFactory, TokenEndpointGrantContext } from 'oidc-provider';
import { ARP_DEV_CLIENTS, ARP_DEV_USERS, audienceClaim, rolesClaim, subjectNamed } from './identity-provider-realm.js';
import type { RealmClient, RealmUser } from './identity-provider-realm.js';

/** One request at the token endpoint by a client that gave its right secret, in the order of arrival. */
export interface TokenRequest {
  readonly grant: 'client_credentials' | 'token_exchange';
  readonly client: string;
  /** The audience that it asked for. */
  readonly audience: string | undefined;
}

/** What is wrong with the token endpoint. Keys and discovery are not touched by it. */
export interface TokenEndpointFault {
  /** Every answer comes this much later, in milliseconds. */
  readonly delayMs?: number;
  /** Every request is answered so; without an error the answer is a page and no JSON. */
  readonly refuse?: { readonly status: number; readonly error?: string; readonly description?: string };
}

/** An identity provider in this process. Its tokens have the claims of Keycloak 26, and its refusals are Keycloak's. */
export interface IdentityProvider {
  /** Its token endpoint is this and `/protocol/openid-connect/token`, as Keycloak's is. */
  readonly issuer: string;
  /** Of the requests so far; set its length to 0 to begin anew. */
  readonly requests: TokenRequest[];
  /** Lifetime of the tokens that are issued from now on, in seconds. Default 300. */
  lifetimeSecs: number;
  /** Nothing when undefined. */
  fault: TokenEndpointFault | undefined;
  /** The `sub` of a person of the realm, or of a client's service account (`service-account-<client>`). */
  subject(name: string): string;
  /**
   * The access token of a person who has logged in through a client; default: `arp-dev-cli`. Without a request.
   *
   * @param asked optional audiences of the client that the token is to have too. Default none
   */
  userToken(user: string, client?: string, asked?: readonly string[]): Promise<string>;
  /** Signs whatever claims with the key of this issuer, for tokens that it would not give. */
  sign(claims: JWTPayload, header?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Refuses connections, and cuts those that are open, until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

export interface IdentityProviderOptions {
  /** Default: those of the realm arp-dev. */
  readonly users?: Readonly<Record<string, RealmUser>>;
  /** Default: those of the realm arp-dev. */
  readonly clients?: Readonly<Record<string, RealmClient>>;
}

interface Mint extends JWTPayload {
  readonly azp: string;
}

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const KEY_ID = 'realm-key';
const ROUTES = { token: '/protocol/openid-connect/token', jwks: '/protocol/openid-connect/certs' };

/** Nothing is stored: the clients are given, and the tokens are not asked for again. */
const forgetful: AdapterFactory = () => ({
  upsert: async () => undefined,
  find: async () => undefined,
  findByUserCode: async () => undefined,
  findByUid: async () => undefined,
  consume: async () => undefined,
  destroy: async () => undefined,
  revokeByGrantId: async () => undefined,
});

/** Starts an identity provider on a free loopback port: client credentials and the exchange of tokens (RFC 8693). */
export async function startIdentityProvider({
  users = ARP_DEV_USERS,
  clients = ARP_DEV_CLIENTS,
}: IdentityProviderOptions = {}): Promise<IdentityProvider> {
  // Only here, since it warns of every Node that is not its favourite as soon as it is loaded.
  const { Provider } = await import('oidc-provider');
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  let answer: RequestListener = (_request, response) => response.destroy();
  let server: Server | undefined = createServer((request, response) => answer(request, response));
  const port = await listening(server, 0);
  const issuer = `http://127.0.0.1:${port}`;

  const sign = (claims: JWTPayload, header: Readonly<Record<string, unknown>> = {}) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: KEY_ID, ...header }).sign(privateKey);
  const mint = (claims: Mint) => {
    const iat = Math.floor(Date.now() / 1_000);
    const exp = iat + state.lifetimeSecs;
    return sign({ exp, iat, jti: randomUUID(), iss: issuer, typ: 'Bearer', acr: '1', ...claims });
  };
  const state: IdentityProvider = {
    issuer,
    requests: [],
    lifetimeSecs: 300,
    fault: undefined,
    subject: subjectNamed,
    userToken: (user, client = 'arp-dev-cli', asked = []) => {
      const { roles, tenant } = known(users, user);
      const { audiences = [], optionalAudiences = [] } = known(clients, client);
      return mint({
        ...audienceClaim([...audiences, ...optionalAudiences.filter((audience) => asked.includes(audience))]),
        sub: subjectNamed(user),
        azp: client,
        sid: randomUUID(),
        auth_time: Math.floor(Date.now() / 1_000),
        scope: 'openid profile',
        preferred_username: user,
        ...rolesClaim(roles),
        ...(tenant === undefined ? {} : { tenant_id: tenant }),
      });
    },
    sign,
    down: async () => {
      const stopping = server;
      server = undefined;
      if (stopping === undefined) return;
      const closed = new Promise((settle) => stopping.close(settle));
      stopping.closeAllConnections();
      await closed;
    },
    up: async () => {
      if (server !== undefined) return;
      const next = createServer((request, response) => answer(request, response));
      await listening(next, port);
      server = next;
    },
    close: () => state.down(),
  };

  const provider = new Provider(issuer, {
    adapter: forgetful,
    clients: Object.entries(clients).map(([client_id, { secret }]) => ({
      client_id,
      ...(secret === undefined
        ? { token_endpoint_auth_method: 'none' as const }
        : { token_endpoint_auth_method: 'client_secret_post' as const, client_secret: secret }),
      grant_types: ['client_credentials', EXCHANGE],
      response_types: [],
      redirect_uris: [],
    })),
    cookies: { keys: [randomUUID()] },
    features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true } },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: KEY_ID, alg: 'RS256', use: 'sig' }] },
    routes: ROUTES,
  });
  provider.use(async (ctx, next) => {
    await next();
    const body: unknown = ctx.body;
    if (ctx.status === 401 && (body as { error?: unknown } | undefined)?.error === 'invalid_client') {
      refuse(ctx, 401, 'unauthorized_client', 'Invalid client or Invalid client credentials');
    }
  });
  provider.registerGrantType(
    'client_credentials',
    attended('client_credentials', async (ctx) => {
      const client = ctx.oidc.client.clientId;
      const { secret, audiences = [], optionalAudiences = [], roles } = known(clients, client);
      if (secret === undefined) {
        return refuse(ctx, 401, 'unauthorized_client', 'Public client not allowed to retrieve service account');
      }
      const name = `service-account-${client}`;
      const scopes = String(ctx.oidc.params?.['scope'] ?? '').split(' ');
      const asked = optionalAudiences.filter((audience) => scopes.includes(`aud-${audience}`));
      const own = {
        ...audienceClaim([...audiences, ...asked]),
        ...rolesClaim(roles),
        preferred_username: name,
        scope: 'profile',
      };
      issue(ctx, await mint({ ...own, sub: subjectNamed(name), azp: client }));
    }),
    ['audience', 'scope'],
  );
  provider.registerGrantType(
    EXCHANGE,
    attended('token_exchange', async (ctx) => {
      const client = ctx.oidc.client.clientId;
      const { exchanges, secret } = known(clients, client);
      if (exchanges === undefined || secret === undefined) {
        return refuse(ctx, 400, 'invalid_request', 'Standard token exchange is not enabled for the requested client');
      }
      const { subject_token, subject_token_type, audience = exchanges[0] } = ctx.oidc.params;
      const subject = await verified(subject_token);
      if (subject === undefined || subject_token_type !== ACCESS_TOKEN) {
        return refuse(ctx, 400, 'invalid_request', 'Invalid token');
      }
      if (![subject.aud ?? [], subject['azp']].flat().includes(client)) {
        return refuse(ctx, 403, 'access_denied', 'Client is not within the token audience');
      }
      if (!Object.hasOwn(clients, String(audience))) {
        return refuse(ctx, 400, 'invalid_client', 'Audience not found');
      }
      if (typeof audience !== 'string' || !exchanges.includes(audience)) {
        return refuse(ctx, 400, 'invalid_request', `Requested audience not available: ${String(audience)}`);
      }
      const { exp: _exp, iat: _iat, jti: _jti, ...kept } = subject;
      const token = await mint({ ...kept, aud: audience, azp: client, scope: `profile aud-${audience}` });
      issue(ctx, token, { issued_token_type: ACCESS_TOKEN });
    }),
    ['audience', 'scope', 'subject_token', 'subject_token_type', 'requested_token_type'],
  );
  const serve = provider.callback();
  answer = (request, response) => void serve(request, response);
  return state;

  async function verified(token: unknown): Promise<JWTPayload | undefined> {
    if (typeof token !== 'string') return undefined;
    const payload = await jwtVerify(token, publicKey, { issuer, algorithms: ['RS256'] }).then(
      (result) => result.payload,
      () => undefined,
    );
    return payload?.['typ'] === 'Bearer' ? payload : undefined;
  }

  /** Counts the request, and lets it feel the fault before it gets an answer. */
  function attended(
    grant: TokenRequest['grant'],
    handle: (ctx: TokenEndpointGrantContext) => Promise<void>,
  ): (ctx: TokenEndpointGrantContext) => Promise<void> {
    return async (ctx) => {
      const { audience } = ctx.oidc.params;
      const client = ctx.oidc.client.clientId;
      state.requests.push({ grant, client, audience: typeof audience === 'string' ? audience : undefined });
      const { fault } = state;
      if (fault?.delayMs !== undefined) await sleep(fault.delayMs, undefined, { ref: false });
      if (fault?.refuse === undefined) return handle(ctx);
      const { status, error, description } = fault.refuse;
      if (error !== undefined) return refuse(ctx, status, error, description);
      ctx.status = status;
      ctx.body = '<html>not now</html>';
    };
  }

  function issue(ctx: TokenEndpointGrantContext, token: string, rest: object = {}): void {
    ctx.body = { access_token: token, expires_in: state.lifetimeSecs, token_type: 'Bearer', scope: 'profile', ...rest };
  }
}

function refuse(ctx: { status: number; body: unknown }, status: number, error: string, description?: string): void {
  ctx.status = status;
  ctx.body = { error, ...(description === undefined ? {} : { error_description: description }) };
}

function known<T>(all: Readonly<Record<string, T>>, name: string): T {
  const found = all[name];
  if (found === undefined) throw new Error(`the realm has no ${name}`);
  return found;
}

async function listening(server: Server, port: number): Promise<number> {
  await new Promise<void>((settle, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', settle);
  });
  return (server.address() as AddressInfo).port;
}
