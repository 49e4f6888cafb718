import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { StartupError } from '#http';

/** Keys under which the keys of sealed values are kept, by name. */
export interface MasterKeys {
  /** Name of the key that seals. */
  readonly first: string;
  readonly byName: ReadonlyMap<string, KeyObject>;
}

export const MASTER_KEY_BYTES = 32;
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
const SETTING = 'JARVIS_TOOL_ENCRYPTION_KEYS';
const REMEDY = `Make one with: echo "k1:$(openssl rand -base64 ${MASTER_KEY_BYTES})"`;

/**
 * Reads `<name>:<base64 of 32 bytes>`, several separated by commas, the one that seals first. Where several gateways share a database,
 * a new key is added to all of them as the second before it becomes the first of any: the others must open what that one seals.
 *
 * @throws StartupError which entry is wrong and why, by its place and never by what is in it
 */
export function readMasterKeys(text: string): MasterKeys {
  const byName = new Map<string, KeyObject>();
  const entries = text.split(',').map((entry) => entry.trim());
  entries.forEach((entry, index) => {
    const at = entry.indexOf(':');
    const name = entry.slice(0, Math.max(0, at));
    const key = keyOf(entry.slice(at + 1).trim());
    // What stands before the colon is shown nowhere: who leaves the name out has the key there.
    const place = `Entry ${index + 1} of ${SETTING}`;
    if (!NAME.test(name)) {
      throw new StartupError(
        `${place} must be <name>:<base64>, the name of 1 to 64 letters, digits, _ and -. ${REMEDY}`,
      );
    }
    if (key === undefined) {
      throw new StartupError(`${place} must have the base64 of ${MASTER_KEY_BYTES} bytes after its name. ${REMEDY}`);
    }
    if (byName.has(name)) throw new StartupError(`${place} has the name of an entry before it. Names are used once.`);
    byName.set(name, createSecretKey(key));
  });
  const [first = ''] = byName.keys();
  return { first, byName };
}

function keyOf(text: string): Buffer | undefined {
  if (!BASE64.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === MASTER_KEY_BYTES ? bytes : undefined;
}
