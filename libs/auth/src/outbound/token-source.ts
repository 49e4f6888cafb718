import type { RequestContext } from '#contract';

/** Where a client of another service has its bearer token from. */
export interface TokenSource {
  /**
   * The token to send, cached where it can be; undefined: none is sent.
   *
   * @throws AppError token_request_failed (the identity provider refused), identity_provider_unavailable (it did not answer),
   * unauthorized (the caller's own token is not valid there any more)
   */
  token(ctx: RequestContext): Promise<string | undefined>;

  /** The peer did not accept this token: the next call gets another. */
  refused(ctx: RequestContext, token: string): void;
}

/** The same token for every request, as the operator set it. */
export function staticToken(token: string | undefined): TokenSource {
  return { token: async () => token, refused: () => undefined };
}
