import { createHash } from 'node:crypto';
import { stringify } from 'safe-stable-stringify';

/** SHA-256 of a JSON value, independent of the order of keys: two requests are the same when their fingerprints are. */
export function fingerprint(value: unknown): string {
  return createHash('sha256')
    .update(stringify(value) ?? 'null')
    .digest('hex');
}
