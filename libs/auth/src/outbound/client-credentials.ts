import { KeptToken } from './kept-token.js';
import type { TokenEndpoint } from './token-endpoint.js';
import type { TokenSource } from './token-source.js';

export interface IdentityProviderTokenOptions {
  readonly endpoint: TokenEndpoint;
  /** The service that the tokens are for. */
  readonly audience: string;
  /** A clock in milliseconds. */
  readonly now?: () => number;
}

/** This service's own tokens for an audience (client credentials), whoever asked for what is done with them. */
export function clientCredentials({
  endpoint,
  audience,
  now = () => performance.now(),
}: IdentityProviderTokenOptions): TokenSource {
  const kept = new KeptToken({ refreshes: true, now });
  const issue = () => endpoint.clientCredentials(audience);
  return { token: ({ signal }) => kept.get(issue, signal), refused: (_ctx, token) => kept.forget(token) };
}
