import {
  jsonObjectOf,
  RetryableError,
  TerminalError,
  UPSTREAM_ERRORS,
  upstreamFailure,
} from '@arp-jarvis/node-pack-sdk';
import type { DeclaredError, NodeContext } from '@arp-jarvis/node-pack-sdk';

const BASE = 'https://api.openai.com/v1';
const TIMEOUT_MS = 110_000;
const MAX_BYTES = 4 * 1_048_576;

/** Small models that take what the nodes send. */
export const DEFAULT_MODELS = { chat: 'gpt-4.1-mini', complete: 'gpt-3.5-turbo-instruct' } as const;

/** Inputs that both nodes have. */
export const MODEL_INPUTS = {
  temperature: { type: 'number', minimum: 0, maximum: 2, description: 'How far answers may differ.' },
  max_tokens: { type: 'integer', minimum: 1, maximum: 128_000, description: 'Most tokens of the answer.' },
} as const;

const ERRORS: Readonly<Record<string, DeclaredError>> = {
  ...UPSTREAM_ERRORS,
  quota_exhausted: { description: 'What the account of the credential may spend at OpenAI is spent.' },
};

/** What both nodes have. */
export const ASK_FACTS = {
  sideEffect: 'read',
  idempotent: true,
  trustTier: 'first_party',
  timeoutMs: 120_000,
  egress: ['api.openai.com'],
  credentials: ['openai'],
  budgetHints: { external_calls: 1 },
  errors: ERRORS,
  // Two answers to the same question differ.
  tags: ['ai', 'uncached'],
} as const;

/**
 * What OpenAI answers to a request.
 *
 * @param path below `/v1`
 */
export async function ask(
  path: '/chat/completions' | '/completions',
  body: object,
  { http, credentials }: Pick<NodeContext, 'http' | 'credentials'>,
): Promise<Record<string, unknown>> {
  const response = await http.fetch(`${BASE}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await credentials.get('openai')}`,
      'content-type': 'application/json',
      accept: 'application/json',
    },
    body: JSON.stringify(body),
    redirect: 'error',
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_BYTES,
  });
  const answer = jsonObjectOf(await response.text());
  if (response.ok) {
    if (answer === undefined) throw new RetryableError('OpenAI answered with no JSON.', { code: 'upstream_error' });
    return answer;
  }
  const { message, code } = (answer?.['error'] ?? {}) as { message?: unknown; code?: unknown };
  if (code === 'insufficient_quota') {
    const details = { status: response.status };
    throw new TerminalError('OpenAI says that the quota of the account is spent.', {
      code: 'quota_exhausted',
      details,
    });
  }
  throw upstreamFailure('OpenAI', response, typeof message === 'string' ? message : undefined);
}
