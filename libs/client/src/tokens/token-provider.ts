/** Where an ArpClient has its access tokens from. */
export interface TokenProvider {
  /**
   * A token to send.
   *
   * @param options.refused a token that a service did not accept; another one is asked for
   */
  getToken(options?: { readonly refused?: string }): Promise<string>;
}

/** A token as an authorization server gives it. */
export interface IssuedToken {
  readonly token: string;
  /** Seconds of its life; undefined when the server does not say. */
  readonly expiresInSeconds?: number | undefined;
}

/** A token is replaced this long before its end, or at four fifths of its life when that is later. */
const RESERVE_MS = 60_000;

/** A token of your own: as it is, or from a function that is asked for each request and does its own keeping. */
export function staticToken(token: string | (() => string | Promise<string>)): TokenProvider {
  return { getToken: async () => (typeof token === 'string' ? token : await token()) };
}

/** Keeps what `issue` gives until shortly before its end; asks once, however many want it. */
export function cachedTokens(issue: () => Promise<IssuedToken>): TokenProvider {
  let current: { readonly token: string; readonly until: number } | undefined;
  let pending: Promise<string> | undefined;
  const next = async (): Promise<string> => {
    const { token, expiresInSeconds = Infinity } = await issue();
    const lifetimeMs = expiresInSeconds * 1000;
    current = { token, until: Date.now() + Math.max(lifetimeMs - RESERVE_MS, lifetimeMs * 0.8) };
    return token;
  };
  return {
    getToken: async ({ refused } = {}) => {
      if (current !== undefined && current.token !== refused && Date.now() < current.until) return current.token;
      pending ??= next().finally(() => {
        pending = undefined;
      });
      return pending;
    },
  };
}
