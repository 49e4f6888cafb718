import { SettingsError } from '#config';
import type { AuthSettings } from '../auth-settings.js';
import { issuerOf } from '../resolve-auth.js';
import { clientCredentials } from './client-credentials.js';
import { TokenEndpoint } from './token-endpoint.js';
import { tokenExchange } from './token-exchange.js';
import { staticToken } from './token-source.js';
import type { TokenSource } from './token-source.js';

/** A service that is called, as the settings name it. */
export interface OutboundPeer {
  readonly audience: string;
  /** A token that the operator set; it goes before all others. */
  readonly bearerToken: string | undefined;
}

/** Where the tokens for other services come from. */
export interface OutboundTokens {
  /** Calls that are this service's own business. */
  asService(peer: OutboundPeer): TokenSource;
  /** Calls on behalf of whoever called. */
  onBehalfOfCaller(peer: OutboundPeer): TokenSource;
}

export type OutboundSettings = Pick<
  AuthSettings,
  | 'ARP_AUTH_PROFILE'
  | 'ARP_AUTH_ISSUER'
  | 'ARP_AUTH_CLIENT_ID'
  | 'ARP_AUTH_CLIENT_SECRET'
  | 'ARP_AUTH_TOKEN_ENDPOINT'
  | 'ARP_AUTH_SCOPE'
  | 'ARP_AUTH_TIMEOUT_SECS'
>;

/**
 * Decides for each peer: the bearer token that is set for it; else tokens of the identity provider, when this service is a client of
 * one; else none.
 *
 * @throws SettingsError when a client has no secret, a secret no client, or nothing says where the tokens are had
 */
export function outboundTokens(settings: OutboundSettings): OutboundTokens {
  const endpoint = endpointOf(settings);
  const choose = (
    { audience, bearerToken }: OutboundPeer,
    source: (options: { readonly endpoint: TokenEndpoint; readonly audience: string }) => TokenSource,
  ) =>
    bearerToken !== undefined || endpoint === undefined ? staticToken(bearerToken) : source({ endpoint, audience });
  return {
    asService: (peer) => choose(peer, clientCredentials),
    onBehalfOfCaller: (peer) => choose(peer, tokenExchange),
  };
}

function endpointOf(settings: OutboundSettings): TokenEndpoint | undefined {
  const { ARP_AUTH_CLIENT_ID: clientId, ARP_AUTH_CLIENT_SECRET: clientSecret } = settings;
  if (clientId === undefined && clientSecret === undefined) return undefined;
  if (clientSecret === undefined) throw new SettingsError(['ARP_AUTH_CLIENT_SECRET: ARP_AUTH_CLIENT_ID needs it']);
  if (clientId === undefined) throw new SettingsError(['ARP_AUTH_CLIENT_ID: ARP_AUTH_CLIENT_SECRET needs it']);
  const issuer = issuerOf(settings);
  const url =
    settings.ARP_AUTH_TOKEN_ENDPOINT ??
    (issuer === undefined ? undefined : `${issuer.replace(/\/+$/, '')}/protocol/openid-connect/token`);
  if (url === undefined) {
    throw new SettingsError(['ARP_AUTH_TOKEN_ENDPOINT: set it, or ARP_AUTH_ISSUER, to have tokens for other services']);
  }
  return new TokenEndpoint({
    url,
    issuer: issuer ?? new URL(url).origin,
    clientId,
    clientSecret,
    scope: settings.ARP_AUTH_SCOPE,
    timeoutSecs: settings.ARP_AUTH_TIMEOUT_SECS,
  });
}
