import type { JsonSchema } from './standard.js';

export interface Mutant {
  /** What was done to the value, for the failure message. */
  readonly what: string;
  readonly value: unknown;
}

/** Names that JavaScript objects have without anybody's doing, and others that a careless reader trips over. */
const HOSTILE_KEYS = ['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty', 'length', '0', '', 'a b'];
/** Infinity comes out of JSON as 1e400. */
const REPLACEMENTS: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e400,
  '',
  'text',
  '0',
  [],
  [null],
  [[]],
  [{}],
  {},
  { unexpected: 1 },
  { constructor: null },
  { length: 0 },
  { 0: 'text' },
];
const EXTENSION_KEYS = [
  'foo',
  '.foo',
  'foo.',
  'a.b',
  'a..b',
  'a.-',
  '_a.b',
  '-a.b',
  'a.b c',
  'a.b\n',
  'é.b',
  'A9._',
  '...',
];
const NUMBERS = [0, -0, 1, 2, 0.5, 1.5, -1, -0.000001, 1000, 1001, 1e21, 2 ** 53, Number.NaN];
const STRINGS: Readonly<Record<string, readonly string[]>> = {
  'date-time': [
    '2025-01-01T00:00:00Z',
    '2025-01-01t00:00:00z',
    '2025-01-01 00:00:00Z',
    '2025-01-01T00:00:00.123456789+23:59',
    '2025-01-01T00:00:00+0100',
    '2025-01-01T00:00:00+01',
    '2025-01-01T00:00:00',
    '2025-01-01T00:00Z',
    '2025-01-01',
    '2024-02-29T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2025-13-01T00:00:00Z',
    '2025-01-01T24:00:00Z',
    '2016-12-31T23:59:60Z',
    '2016-12-31T22:59:60Z',
    ' 2025-01-01T00:00:00Z',
    '2025-01-01T00:00:00Z\n',
    '1735689600',
  ],
  uri: [
    'http://127.0.0.1:8081',
    'https://user@example.org/a?b#c',
    'unix:///run/arp.sock',
    'urn:isbn:0451450523',
    'mailto:a@example.org',
    'http://[::1]:80/',
    'http://[::1',
    'http://a b',
    'http://exämple.org',
    'http://%zz',
    'http://',
    '//example.org',
    '/relative',
    'example.org',
    '1http://a',
    'http:',
    'http://a\n',
  ],
};
const KEYWORDS = new Set(
  'title description type format enum minimum maximum minItems items required properties patternProperties additionalProperties'.split(
    ' ',
  ),
);

/** An instance with every property that a (resolved) schema names, two items in every array, and odd keys where all are free. */
export function fullInstance(schema: JsonSchema): unknown {
  refuseUnknownKeywords(schema);
  switch (schema.type) {
    case 'object':
      return fullObject(schema);
    case 'array': {
      const item = fullInstance(schema.items ?? {});
      return [item, item];
    }
    case 'string':
      return schema.enum?.[0] ?? STRINGS[schema.format ?? '']?.[0] ?? 'text';
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    default:
      throw new Error(`a schema of an unforeseen type: ${JSON.stringify(schema)}`);
  }
}

/** JSON has no name for the numbers that it overflows to. */
function show(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

/** The value with one thing changed, for everything that can be changed in it, at every level. */
export function* mutantsOf(schema: JsonSchema, value: unknown, at = ''): Generator<Mutant> {
  for (const replacement of REPLACEMENTS) {
    yield { what: `${at} replaced by ${show(replacement)}`, value: replacement };
  }
  if (schema.type === 'object') yield* objectMutants(schema, value as Record<string, unknown>, at);
  else if (schema.type === 'array') yield* arrayMutants(schema, value as unknown[], at);
  else for (const other of scalars(schema)) yield { what: `${at} = ${show(other)}`, value: other };
}

function* objectMutants(schema: JsonSchema, value: Record<string, unknown>, at: string): Generator<Mutant> {
  const properties = new Map(Object.entries(schema.properties ?? {}));
  for (const dropped of Object.keys(value)) {
    const rest = Object.fromEntries(Object.entries(value).filter(([key]) => key !== dropped));
    yield { what: `${at} without ${dropped}`, value: rest };
  }
  for (const key of ['unknown', ...HOSTILE_KEYS, ...EXTENSION_KEYS]) {
    for (const item of ['text', null]) {
      yield { what: `${at} with ${JSON.stringify(key)}: ${JSON.stringify(item)}`, value: { ...value, [key]: item } };
    }
  }
  for (const [key, child] of properties) {
    if (!Object.hasOwn(value, key)) {
      yield { what: `${at} with ${key}: null`, value: { ...value, [key]: null } };
      yield { what: `${at} with ${key}`, value: { ...value, [key]: fullInstance(child) } };
      continue;
    }
    for (const mutant of mutantsOf(child, value[key], `${at}.${key}`)) {
      yield { what: mutant.what, value: { ...value, [key]: mutant.value } };
    }
  }
}

function* arrayMutants(schema: JsonSchema, value: readonly unknown[], at: string): Generator<Mutant> {
  yield { what: `${at} doubled`, value: [...value, ...value] };
  for (const extra of REPLACEMENTS) {
    yield { what: `${at} with the item ${show(extra)}`, value: [...value, extra] };
  }
  // The last item stands for all: a reader that stops at the first would be found out.
  const last = value.length - 1;
  if (last < 0) return;
  for (const mutant of mutantsOf(schema.items ?? {}, value[last], `${at}[${last}]`)) {
    yield { what: mutant.what, value: value.with(last, mutant.value) };
  }
}

function scalars({ type, format, enum: members, minimum, maximum }: JsonSchema): readonly unknown[] {
  if (members !== undefined) return [...members, ...members.map((member) => member.toUpperCase()), ...HOSTILE_KEYS];
  if (type === 'string') return STRINGS[format ?? ''] ?? [];
  if (type === 'boolean') return ['true', 1];
  const bounds = [minimum, maximum].filter((bound) => bound !== undefined);
  return [...NUMBERS, ...bounds.flatMap((bound) => [bound - 1, bound - 0.5, bound, bound + 0.5, bound + 1])];
}

function fullObject(schema: JsonSchema): Record<string, unknown> {
  if (schema.properties !== undefined) {
    return Object.fromEntries(Object.entries(schema.properties).map(([key, child]) => [key, fullInstance(child)]));
  }
  if (schema.patternProperties !== undefined) return { 'org.example.key': { a: [null] }, 'jarvis.note': null };
  if (schema.additionalProperties === true) {
    return { a: null, nested: { b: [1, null, { c: 'd' }] }, ['__proto__']: { e: 1 }, constructor: 'f' };
  }
  return { ['__proto__']: 'text', constructor: 'text', 'a b': '' };
}

/** A later version of the standard may use a keyword for which there are no mutants yet. */
function refuseUnknownKeywords(schema: JsonSchema): void {
  const unknown = Object.keys(schema).filter((keyword) => !KEYWORDS.has(keyword));
  if (unknown.length > 0) throw new Error(`a schema with unforeseen keywords: ${unknown.join(', ')}`);
}
