import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { AppError } from '#contract';
import type { Principal, RequestContext } from '#contract';
import { clientCredentials } from './client-credentials.js';
import type { IdentityProviderTokenOptions } from './client-credentials.js';
import { KeptToken } from './kept-token.js';
import { secondsLeft } from './token-endpoint.js';
import type { TokenEndpoint } from './token-endpoint.js';
import type { TokenSource } from './token-source.js';

/** How many callers' tokens are kept. */
const MAX_SUBJECTS = 1_000;

/**
 * Tokens for an audience that are the caller's: his own token is exchanged (RFC 8693). A caller without a token, who is anonymous or
 * not authenticated at all, is spoken for with a token of this service.
 */
export function tokenExchange(options: IdentityProviderTokenOptions): TokenSource {
  const { endpoint, audience, now = () => performance.now() } = options;
  const own = clientCredentials(options);
  const bySubject = new LRUCache<string, KeptToken>({ max: MAX_SUBJECTS });
  return {
    async token(ctx: RequestContext): Promise<string | undefined> {
      const subjectToken = subjectTokenOf(ctx.principal);
      if (subjectToken === undefined) return own.token(ctx);
      const key = keyOf(subjectToken);
      const kept = bySubject.get(key) ?? new KeptToken({ refreshes: false, now });
      bySubject.set(key, kept);
      return kept.get(() => exchanged(endpoint, audience, subjectToken), ctx.signal);
    },
    refused(ctx: RequestContext, token: string): void {
      const subjectToken = subjectTokenOf(ctx.principal);
      if (subjectToken === undefined) own.refused(ctx, token);
      else bySubject.peek(keyOf(subjectToken))?.forget(token);
    },
  };
}

/** The token to exchange. An authenticated caller without one must not be taken for this service, which may do other things. */
function subjectTokenOf({ token, issuer, assignment }: Principal): string | undefined {
  if (token === undefined && (issuer !== undefined || assignment !== undefined)) {
    throw new AppError('token_request_failed', { message: 'There is no token of the caller that could be exchanged.' });
  }
  return token;
}

/** What is kept of a token as the name of another is not the token. */
function keyOf(subjectToken: string): string {
  return createHash('sha256').update(subjectToken).digest('base64');
}

/** An identity provider may give more time than the caller's own token has; it is not used. */
async function exchanged(endpoint: TokenEndpoint, audience: string, subjectToken: string) {
  const { token, lifetimeMs } = await endpoint.exchange(audience, subjectToken);
  const seconds = secondsLeft(subjectToken);
  return { token, lifetimeMs: seconds === undefined ? lifetimeMs : Math.min(lifetimeMs, seconds * 1_000) };
}
