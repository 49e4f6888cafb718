import { createHmac } from 'node:crypto';

/** What a secret of the Standard Webhooks specification looks like: base64 of 24 to 64 bytes, with or without its prefix. */
export const WEBHOOK_SECRET = /^(?:whsec_)?[A-Za-z0-9+/]{32,86}={0,2}$/;

/** The key that a secret stands for. */
export function webhookKey(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
}

/**
 * The headers of a signed delivery: https://www.standardwebhooks.com.
 *
 * @param id the same whenever the event is sent
 * @param at the time of this delivery
 */
export function signedHeaders(key: Buffer, id: string, at: Date, body: string): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
