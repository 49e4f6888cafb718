import { createHash } from 'node:crypto';
import type { QueryConfig } from 'pg';

const MAX_NAMES = 500;
const names = new Map<string, string>();

/**
 * A statement with parameters is prepared once per connection, under a name made of its text. Texts are constants of repositories;
 * should there be more than a few hundred, the rest is sent unnamed.
 */
export function prepared(text: string, parameters: readonly unknown[]): QueryConfig {
  if (parameters.length === 0) return { text };
  let name = names.get(text);
  if (name === undefined && names.size < MAX_NAMES) {
    name = `s_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
    names.set(text, name);
  }
  return { text, values: [...parameters], ...(name === undefined ? {} : { name }) };
}
