import { fullFormats } from 'ajv-formats/dist/formats.js';
import type { Issue } from './contract-violation.js';
import type { Field, FieldKind } from './field-metadata.js';
import { itemPath, propertyPath } from './field-path.js';

/** The pattern of keys in `common/extensions.schema.json`. */
export const NAMESPACED_KEY_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_.-]*\\.[A-Za-z0-9_.-]+$';
const NAMESPACED_KEY_CHARACTERS = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

const FORMATS = { 'date-time': formatCheck('date-time'), uri: formatCheck('uri') } as const;

const FORMAT_MESSAGES = {
  'date-time': 'must be an RFC 3339 date-time with a time zone, such as 2026-01-31T12:00:00Z',
  uri: 'must be an absolute URI, such as http://127.0.0.1:8081',
} as const;

const NONE: readonly Issue[] = [];

/**
 * What is wrong with the value of a field, apart from what is wrong inside nested contract objects. `path` is the
 * field's.
 */
export function problemsOf(field: Field, value: unknown, path = field.name): readonly Issue[] {
  if (value !== undefined) return problemsOfKind(field.kind, value, path);
  return field.optional ? NONE : [{ path, message: 'is required' }];
}

/** Whether a text is a date-time as fields of that format take it: RFC 3339, with a time zone, a day that exists. */
export function isDateTime(text: string): boolean {
  return FORMATS['date-time'](text);
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whether an extension key is `<org>.<key>`. The same language as the standard's pattern, which as a regular expression
 * takes quadratic time on long keys with many dots.
 */
export function isNamespaced(key: string): boolean {
  if (!NAMESPACED_KEY_CHARACTERS.test(key)) return false;
  const firstDot = key.indexOf('.');
  return firstDot !== -1 && firstDot < key.length - 1;
}

function problemsOfKind(kind: FieldKind, value: unknown, path: string): readonly Issue[] {
  switch (kind.type) {
    case 'string':
      if (typeof value !== 'string') return [{ path, message: 'must be a string' }];
      return kind.format === undefined || FORMATS[kind.format](value)
        ? NONE
        : [{ path, message: FORMAT_MESSAGES[kind.format] }];
    case 'enum':
      return typeof value === 'string' && kind.values.includes(value)
        ? NONE
        : [{ path, message: `must be one of ${kind.values.join(', ')}` }];
    case 'integer':
      return Number.isInteger(value)
        ? outOfBounds(kind, value as number, path)
        : [{ path, message: 'must be a whole number' }];
    case 'number':
      return typeof value === 'number' && Number.isFinite(value)
        ? outOfBounds(kind, value, path)
        : [{ path, message: 'must be a number' }];
    case 'boolean':
      return typeof value === 'boolean' ? NONE : [{ path, message: 'must be true or false' }];
    case 'object':
    case 'json':
      return isPlainObject(value) ? NONE : [{ path, message: 'must be an object' }];
    case 'string_map':
      if (!isPlainObject(value)) return [{ path, message: 'must be an object' }];
      return Object.keys(value)
        .filter((key) => typeof value[key] !== 'string')
        .map((key) => ({ path: propertyPath(path, key), message: 'must be a string' }));
    case 'extensions':
      if (!isPlainObject(value)) return [{ path, message: 'must be an object' }];
      return Object.keys(value)
        .filter((key) => !isNamespaced(key))
        .map((key) => ({ path: propertyPath(path, key), message: 'key must be namespaced as <org>.<key>' }));
    case 'array':
      return problemsOfArray(kind, value, path);
  }
}

function problemsOfArray(kind: Extract<FieldKind, { type: 'array' }>, value: unknown, path: string): readonly Issue[] {
  if (!Array.isArray(value)) return [{ path, message: 'must be an array' }];
  if (kind.minItems !== undefined && value.length < kind.minItems) {
    return [{ path, message: `must have at least ${kind.minItems} ${kind.minItems === 1 ? 'item' : 'items'}` }];
  }
  return value.flatMap((item: unknown, index) => problemsOfKind(kind.items, item, itemPath(path, index)));
}

function outOfBounds(
  bounds: { readonly minimum?: number; readonly maximum?: number },
  value: number,
  path: string,
): readonly Issue[] {
  if (bounds.minimum !== undefined && value < bounds.minimum) {
    return [{ path, message: `must be at least ${bounds.minimum}` }];
  }
  if (bounds.maximum !== undefined && value > bounds.maximum) {
    return [{ path, message: `must be at most ${bounds.maximum}` }];
  }
  return NONE;
}

/** A format as ajv-formats has it, so that we and every validator built on it agree to the letter. */
function formatCheck(name: 'date-time' | 'uri'): (text: string) => boolean {
  const format = fullFormats[name];
  const check: unknown = typeof format === 'object' && 'validate' in format ? format.validate : format;
  if (typeof check !== 'function') throw new Error(`ajv-formats has no function for ${name}`);
  return (text) => {
    try {
      return (check as (text: string) => boolean)(text);
    } catch {
      // Texts of tens of megabytes exhaust the stack of the regular expression engine. No such text is an address or a
      // time.
      return false;
    }
  };
}
