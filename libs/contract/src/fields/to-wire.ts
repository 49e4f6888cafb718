import { fieldsOf } from './field-metadata.js';
import type { ContractClass, Field, FieldKind } from './field-metadata.js';
import { isPlainObject } from './field-problems.js';

/** The class of a value, or of its items if it is an array. */
type ClassOf<T> = new () => T extends readonly (infer Item)[] ? Item : T;

/**
 * A copy fit for the wire: optional fields that are null or undefined are left out, at every level that the contract types.
 * Free-form objects are passed on by reference, nulls and all. A required field that is missing stays missing: whoever reads
 * it will say so.
 *
 * The class is taken from the value's prototype; a literal has none, so for a literal the class must be given. Without either
 * (a literal, a string, …) the value itself is returned. An array is copied item by item.
 *
 * @example toWire(run); toWire({ run_id, state, root_node_run_id, ended_at: row.ended_at ?? undefined }, Run);
 */
export function toWire<T>(value: T, contractClass?: ClassOf<T>): T {
  if (Array.isArray(value)) return value.map((item: unknown) => copyOf(item, contractClass as ContractClass)) as T;
  return copyOf(value, contractClass as ContractClass | undefined) as T;
}

function copyOf(value: unknown, contractClass?: ContractClass): unknown {
  if (!isPlainObject(value)) return value;
  const prototype = Object.getPrototypeOf(value) as object | null;
  const fields = fieldsOf(contractClass ?? prototype?.constructor ?? Object);
  return fields.size === 0 ? value : copyFields(value, prototype, fields);
}

function copyFields(
  value: Record<string, unknown>,
  prototype: object | null,
  fields: ReadonlyMap<string, Field>,
): Record<string, unknown> {
  const copy = Object.create(prototype) as Record<string, unknown>;
  for (const key of Object.keys(value)) {
    const field = fields.get(key);
    const item = value[key];
    if (field === undefined) {
      // Not assigned, as the key may be `__proto__`.
      Object.defineProperty(copy, key, { value: item, enumerable: true, writable: true, configurable: true });
    } else if (!(field.optional && (item === null || item === undefined))) {
      copy[key] = copyKind(field.kind, item);
    }
  }
  return copy;
}

function copyKind(kind: FieldKind, value: unknown): unknown {
  if (kind.type === 'object') return copyOf(value, kind.of());
  if (kind.type !== 'array' || kind.items.type !== 'object' || !Array.isArray(value)) return value;
  const itemClass = kind.items.of();
  return value.map((item: unknown) => copyOf(item, itemClass));
}
