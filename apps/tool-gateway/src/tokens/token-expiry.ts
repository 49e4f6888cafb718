import { isDateTime } from '#contract';
import { invalidRequest } from '#http';
import { TOKEN_LIFETIME_SECONDS } from './agent-token.js';

const DEFAULT_MINUTES = 15;
const HAS_ZONE = /(?:z|[+-]\d\d:?\d\d)$/i;

/** When a token is to expire, as it was asked for. */
export interface WantedExpiry {
  readonly expires_at?: string;
  readonly ttl_minutes?: number;
}

/**
 * When the token expires, in whole seconds since 1970.
 *
 * @param naive whether a time without a zone is taken, as UTC: the stock Python SDK sends such
 * @throws AppError invalid_request at expires_at for a time that is none, is over, or is more than 24 hours ahead; at ttl_minutes when
 * both are given
 */
export function expiryOf({ expires_at: text, ttl_minutes: minutes }: WantedExpiry, now: Date, naive: boolean): number {
  const nowSeconds = Math.floor(now.getTime() / 1_000);
  if (text === undefined) return nowSeconds + (minutes ?? DEFAULT_MINUTES) * 60;
  if (minutes !== undefined) {
    throw invalidRequest([{ path: 'ttl_minutes', message: 'must be left out where expires_at is given' }]);
  }
  const withZone = naive && !HAS_ZONE.test(text) ? `${text}Z` : text;
  if (!isDateTime(withZone)) {
    throw refusal('must be an RFC 3339 date-time with a time zone, such as 2026-01-31T12:00:00Z');
  }
  const expiresAt = Math.floor(Date.parse(withZone) / 1_000);
  if (!(expiresAt > nowSeconds)) throw refusal('must be in the future');
  if (expiresAt > nowSeconds + TOKEN_LIFETIME_SECONDS) throw refusal('must be at most 24 hours ahead');
  return expiresAt;
}

function refusal(message: string): Error {
  return invalidRequest([{ path: 'expires_at', message }]);
}
