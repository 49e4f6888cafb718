import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { fieldsOf } from '#contract';
import type { ContractClass, FieldKind } from '#contract';

/** Names that are dangerous on JavaScript objects. */
export const HOSTILE_KEYS = ['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty', 'length', ''];

const namespacedKey = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,5}\.[A-Za-z0-9_.-]{1,5}$/);
const anyKey = fc.oneof(fc.constantFrom(...HOSTILE_KEYS), fc.string({ maxLength: 8 }));
const json = fc.jsonValue({ maxDepth: 2 });

/** Any JSON object, also with own keys such as `__proto__`, which JSON.parse makes. */
const freeForm = objectOf(anyKey, json);

/** Valid values of a contract class, as JSON.parse would give them. */
export function validOf(contractClass: ContractClass): Arbitrary<Record<string, unknown>> {
  const fields = [...fieldsOf(contractClass).values()];
  const entries = fields.map(({ name, kind, optional }) => {
    const entry = fc.tuple(fc.constant(name), validOfKind(kind));
    return optional ? fc.option(entry, { nil: undefined }) : entry;
  });
  return fc.tuple(...entries).map((present) => Object.fromEntries(present.filter((entry) => entry !== undefined)));
}

/**
 * What an implementation with other habits would send for a value: null for what is absent, more properties, and extension
 * keys without a namespace. What it means is the value.
 */
export function foreignOf(contractClass: ContractClass): Arbitrary<Record<string, unknown>> {
  return fc
    .tuple(validOf(contractClass), objectOf(fc.constantFrom('unknown', ...HOSTILE_KEYS), json), fc.boolean())
    .map(([valid, more, withNulls]) => foreign(contractClass, valid, more, withNulls));
}

/** Objects that have a class's property names and anything at all in them. */
export function hostileOf(contractClass: ContractClass): Arbitrary<unknown> {
  const anything = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
    json,
  );
  const nested = objectOf(fc.constantFrom(...allNames(contractClass), ...HOSTILE_KEYS), anything);
  const value = fc.oneof(anything, nested, fc.array(nested, { maxLength: 3 }));
  return fc.oneof(anything, objectOf(fc.constantFrom(...fieldsOf(contractClass).keys(), ...HOSTILE_KEYS), value));
}

function validOfKind(kind: FieldKind): Arbitrary<unknown> {
  switch (kind.type) {
    case 'string':
      if (kind.format === 'uri') return fc.webUrl();
      if (kind.format === undefined) return fc.string();
      return fc
        .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
        .map((date) => date.toISOString());
    case 'enum':
      return fc.constantFrom(...kind.values);
    case 'integer':
      return fc.integer({ min: kind.minimum ?? -1000, max: kind.maximum ?? 1_000_000 });
    case 'number':
      return fc.double({ min: kind.minimum ?? -1e9, max: kind.maximum ?? 1e9, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'object':
      return validOf(kind.of());
    case 'json':
      return freeForm;
    case 'string_map':
      return objectOf(anyKey, fc.string());
    case 'extensions':
      return objectOf(namespacedKey, json);
    case 'array':
      return fc.array(validOfKind(kind.items), { minLength: kind.minItems ?? 0, maxLength: 3 });
  }
}

function foreign(
  contractClass: ContractClass,
  valid: Record<string, unknown>,
  more: Record<string, unknown>,
  withNulls: boolean,
): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const { name, kind, optional } of fieldsOf(contractClass).values()) {
    const item = valid[name];
    if (Object.hasOwn(valid, name)) value[name] = foreignKind(kind, item, more, withNulls);
    else if (withNulls && optional) value[name] = null;
  }
  return { ...more, ...value };
}

function foreignKind(kind: FieldKind, value: unknown, more: Record<string, unknown>, withNulls: boolean): unknown {
  if (kind.type === 'object') return foreign(kind.of(), value as Record<string, unknown>, more, withNulls);
  if (kind.type === 'array') {
    return (value as unknown[]).map((item) => foreignKind(kind.items, item, more, withNulls));
  }
  return kind.type === 'extensions' ? { ...(value as object), bare_key: null } : value;
}

function allNames(contractClass: ContractClass, found = new Set<string>()): Set<string> {
  for (const { name, kind } of fieldsOf(contractClass).values()) {
    found.add(name);
    const inner = kind.type === 'array' ? kind.items : kind;
    if (inner.type === 'object') allNames(inner.of(), found);
  }
  return found;
}

function objectOf(key: Arbitrary<string>, value: Arbitrary<unknown>): Arbitrary<Record<string, unknown>> {
  return fc.array(fc.tuple(key, value), { maxLength: 4 }).map((entries) => Object.fromEntries(entries));
}
