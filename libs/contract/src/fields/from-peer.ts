import { fieldsOf } from './field-metadata.js';
import type { ContractClass, FieldKind } from './field-metadata.js';
import { isNamespaced, isPlainObject } from './field-problems.js';
import { readRequest } from './read-request.js';

/** The namespace of extension keys that came without one. */
const NAMESPACE = 'jarvis';

/**
 * Reads what a peer sent, leniently, since peers may be other implementations: a null stands for an absent optional field,
 * properties that the standard does not name are dropped, and an extension key `k` without a namespace becomes `jarvis.k`
 * (unless that is there too). Free-form objects stay untouched, and so does the value itself.
 *
 * @throws ContractViolation when it is still not what the class says
 * @example const run = fromPeer(Run, await response.json());
 */
export function fromPeer<T extends object>(contractClass: ContractClass<T>, value: unknown): T {
  return readRequest(contractClass, isPlainObject(value) ? repair(contractClass, value) : value);
}

function repair(contractClass: ContractClass, plain: Record<string, unknown>): Record<string, unknown> {
  const fields = fieldsOf(contractClass);
  const repaired: Record<string, unknown> = {};
  for (const key of Object.keys(plain)) {
    const field = fields.get(key);
    const value = plain[key];
    if (field === undefined || (value === null && field.optional)) continue;
    repaired[key] = repairKind(field.kind, value);
  }
  return repaired;
}

function repairKind(kind: FieldKind, value: unknown): unknown {
  if (kind.type === 'array') {
    return Array.isArray(value) ? value.map((item: unknown) => repairKind(kind.items, item)) : value;
  }
  if (!isPlainObject(value)) return value;
  if (kind.type === 'object') return repair(kind.of(), value);
  return kind.type === 'extensions' ? namespaced(value) : value;
}

function namespaced(extensions: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(extensions).flatMap(([key, value]) => {
    if (isNamespaced(key)) return [[key, value] as const];
    const qualified = `${NAMESPACE}.${key}`;
    return Object.hasOwn(extensions, qualified) ? [] : [[qualified, value] as const];
  });
  return Object.fromEntries(entries);
}
