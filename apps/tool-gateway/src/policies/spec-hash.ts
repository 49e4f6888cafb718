import { createHash } from 'node:crypto';
import { stringify } from 'safe-stable-stringify';
import type { PolicySpec } from './policy-spec.js';

/** SHA-256, in hexadecimal digits, of a spec as canonical JSON: the order of its fields does not matter, all else does. */
export function specHashOf(spec: PolicySpec): string {
  return createHash('sha256').update(stringify(spec)).digest('hex');
}
