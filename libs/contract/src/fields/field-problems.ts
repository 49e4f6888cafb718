import { fullFormats } from 'ajv-formats/dist/formats.js';
import type { Field, FieldKind } from './field-metadata.js';

/** One thing that is wrong with a value. An empty path is the value itself. */
export interface Issue {
  /** Where, from the top of the body: `node_runs[0].inputs`. */
  readonly path: string;
  /** What is wrong, to be read after the path: `must be a string`. */
  readonly message: string;
}

/** The key pattern of `common/extensions.schema.json`. */
const NAMESPACED = /^[A-Za-z0-9][A-Za-z0-9_.-]*\.[A-Za-z0-9_.-]+$/;

const FORMAT_MESSAGES = {
  'date-time': 'must be an RFC 3339 date-time with a time zone, such as 2026-01-31T12:00:00Z',
  uri: 'must be an absolute URI, such as http://127.0.0.1:8081',
} as const;

/** What is wrong with the value of a field, apart from what is wrong inside nested contract objects. */
export function problemsOf(field: Field, value: unknown): Issue[] {
  if (value === undefined) return field.optional ? [] : [{ path: '', message: 'is required' }];
  return problemsOfKind(field.kind, value);
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isNamespaced(key: string): boolean {
  return NAMESPACED.test(key);
}

function problemsOfKind(kind: FieldKind, value: unknown): Issue[] {
  switch (kind.type) {
    case 'string':
      if (typeof value !== 'string') return wrong('must be a string');
      return kind.format === undefined || hasFormat(kind.format, value) ? [] : wrong(FORMAT_MESSAGES[kind.format]);
    case 'enum':
      return typeof value === 'string' && kind.values.includes(value)
        ? []
        : wrong(`must be one of ${kind.values.join(', ')}`);
    case 'integer':
      return Number.isInteger(value) ? outOfBounds(kind, value as number) : wrong('must be a whole number');
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? outOfBounds(kind, value) : wrong('must be a number');
    case 'boolean':
      return typeof value === 'boolean' ? [] : wrong('must be true or false');
    case 'object':
    case 'json':
      return isPlainObject(value) ? [] : wrong('must be an object');
    case 'string_map':
      if (!isPlainObject(value)) return wrong('must be an object');
      return Object.entries(value)
        .filter(([, item]) => typeof item !== 'string')
        .map(([key]) => ({ path: key, message: 'must be a string' }));
    case 'extensions':
      if (!isPlainObject(value)) return wrong('must be an object');
      return Object.keys(value)
        .filter((key) => !isNamespaced(key))
        .map((key) => ({ path: key, message: 'must be namespaced as <reverse DNS name or organisation>.<key>' }));
    case 'array':
      return problemsOfArray(kind, value);
  }
}

function problemsOfArray(kind: Extract<FieldKind, { type: 'array' }>, value: unknown): Issue[] {
  if (!Array.isArray(value)) return wrong('must be an array');
  if (kind.minItems !== undefined && value.length < kind.minItems)
    return wrong(`must have at least ${kind.minItems} item`);
  return value.flatMap((item: unknown, index) =>
    problemsOfKind(kind.items, item).map(({ path, message }) => ({ path: joinPath(`[${index}]`, path), message })),
  );
}

/** `a` and `b` as one path: `a.b`, `a[0]`, or whichever is not empty. */
export function joinPath(a: string, b: string): string {
  if (a === '' || b === '') return a + b;
  return b.startsWith('[') ? a + b : `${a}.${b}`;
}

function outOfBounds(bounds: { readonly minimum?: number; readonly maximum?: number }, value: number): Issue[] {
  if (bounds.minimum !== undefined && value < bounds.minimum) return wrong(`must be at least ${bounds.minimum}`);
  if (bounds.maximum !== undefined && value > bounds.maximum) return wrong(`must be at most ${bounds.maximum}`);
  return [];
}

/** The formats of ajv-formats, so that we and every validator built on it agree to the letter. */
function hasFormat(name: 'date-time' | 'uri', value: string): boolean {
  const format = fullFormats[name];
  const check: unknown = typeof format === 'object' && 'validate' in format ? format.validate : format;
  if (typeof check !== 'function') throw new Error(`ajv-formats has no function for ${name}`);
  return (check as (text: string) => boolean)(value);
}

function wrong(message: string): Issue[] {
  return [{ path: '', message }];
}
