import { stringify } from 'safe-stable-stringify';

/** A new key for a call that must not happen twice: keep it, and send it again with each repetition of the call. */
export function generateIdempotencyKey(): string {
  return `idemp_${crypto.randomUUID()}`;
}

/**
 * A key made of what is asked: the same tool, action and params give the same key, whatever the order of members. So
 * two calls that mean the same are one, for as long as the gateway keeps answers (24 h).
 */
export async function contentIdempotencyKey(call: {
  readonly tool: string;
  readonly action: string;
  readonly params: unknown;
}): Promise<string> {
  const { tool, action, params } = call;
  const text = stringify({ tool, action, params }) ?? '';
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return `idemp_${[...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
