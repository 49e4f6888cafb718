import { jsonObjectOf, RetryableError, UPSTREAM_ERRORS, upstreamFailure } from '@arp-jarvis/node-pack-sdk';
import type { DeclaredError, NodeError } from '@arp-jarvis/node-pack-sdk';

export const GMAIL = 'https://gmail.googleapis.com/gmail/v1/users/me';
export const TIMEOUT_MS = 30_000;
export const MAX_BYTES = 1_048_576;
/** Google says it with 403 too. */
const RATE_LIMITS: readonly unknown[] = ['rateLimitExceeded', 'userRateLimitExceeded', 'dailyLimitExceeded'];

/** What both nodes have. */
export const GMAIL_FACTS = {
  trustTier: 'first_party',
  timeoutMs: 60_000,
  egress: ['gmail.googleapis.com', 'oauth2.googleapis.com'],
  credentials: ['gmail_send'],
  tags: ['mail'],
} as const;

export const GMAIL_ERRORS: Readonly<Record<string, DeclaredError>> = {
  ...UPSTREAM_ERRORS,
  credential_malformed: {
    description:
      'The credential gmail_send is neither an access token nor JSON with client_id, client_secret and refresh_token.',
  },
};

/** What a refusal of Gmail means. What it says is not passed on: it may name recipients. */
export function gmailFailure(response: Response, text: string): NodeError {
  const { errors } = errorOf(text);
  const [first] = Array.isArray(errors) ? (errors as { reason?: unknown }[]) : [];
  if (response.status !== 403 || !RATE_LIMITS.includes(first?.reason)) return upstreamFailure('Gmail', response);
  return new RetryableError('Gmail has had too many requests.', { code: 'rate_limited', details: { status: 403 } });
}

function errorOf(text: string): { readonly errors?: unknown } {
  const { error } = jsonOf(text);
  return typeof error === 'object' && error !== null ? error : {};
}

/** The object that an answer is; without fields when it is none. */
export function jsonOf(text: string): Readonly<Record<string, unknown>> {
  return jsonObjectOf(text) ?? {};
}
