import { ContractViolation } from './contract-violation.js';
import { fieldsOf } from './field-metadata.js';
import type { ContractClass } from './field-metadata.js';
import {
  BooleanField,
  EnumArrayField,
  EnumField,
  ExtensionsField,
  IntegerArrayField,
  IntegerField,
  JsonObjectField,
  NumberField,
  ObjectArrayField,
  ObjectField,
  StringArrayField,
  StringField,
  StringMapField,
} from './fields.js';
import { readRequest } from './read-request.js';

/** A class with one field, `it`, that has this decorator. */
function classWith(decorator: PropertyDecorator): ContractClass {
  class Holder {
    it?: unknown;
  }
  decorator(Holder.prototype, 'it');
  return Holder;
}

class Inner {
  @StringField()
  id!: string;
}

/** What is said of `it`: one message for each bad place, `<path> <message>`. */
function saidOf(decorator: PropertyDecorator, value: unknown): string[] {
  try {
    readRequest(classWith(decorator), { it: value });
    return [];
  } catch (error) {
    if (!(error instanceof ContractViolation)) throw error;
    return error.issues.map(({ path, message }) => `${path} ${message}`);
  }
}

const DATE_TIME = 'must be an RFC 3339 date-time with a time zone, such as 2026-01-31T12:00:00Z';
const URI = 'must be an absolute URI, such as http://127.0.0.1:8081';

const CASES: readonly [
  title: string,
  PropertyDecorator,
  good: readonly unknown[],
  bad: readonly [unknown, string][],
][] = [
  [
    'StringField',
    StringField(),
    ['', 'a'],
    [
      [1, 'must be a string'],
      [['a'], 'must be a string'],
    ],
  ],
  [
    'StringField, date-time',
    StringField({ format: 'date-time' }),
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.5+01:00'],
    [
      ['2026-01-31T12:00:00', DATE_TIME],
      ['2026-02-30T12:00:00Z', DATE_TIME],
      ['yesterday', DATE_TIME],
      [1, 'must be a string'],
    ],
  ],
  [
    'StringField, uri',
    StringField({ format: 'uri' }),
    ['http://127.0.0.1:8081', 'unix:///run/a.sock'],
    [
      ['/relative', URI],
      ['', URI],
      ['a b', URI],
    ],
  ],
  [
    'EnumField',
    EnumField(['read', 'write', 'irreversible']),
    ['read', 'irreversible'],
    [
      ['READ', 'must be one of read, write, irreversible'],
      ['constructor', 'must be one of read, write, irreversible'],
      [0, 'must be one of read, write, irreversible'],
      [['read'], 'must be one of read, write, irreversible'],
    ],
  ],
  [
    'IntegerField',
    IntegerField({ minimum: 1, maximum: 10 }),
    [1, 10, JSON.parse('2.0')],
    [
      [0, 'must be at least 1'],
      [11, 'must be at most 10'],
      [1.5, 'must be a whole number'],
      ['1', 'must be a whole number'],
      [Number.NaN, 'must be a whole number'],
      [JSON.parse('1e400'), 'must be a whole number'],
    ],
  ],
  [
    'NumberField',
    NumberField({ minimum: 0, maximum: 1 }),
    [0, -0, 0.5, 1],
    [
      [-0.1, 'must be at least 0'],
      [1.1, 'must be at most 1'],
      ['0.5', 'must be a number'],
      [Number.NaN, 'must be a number'],
      [Number.NEGATIVE_INFINITY, 'must be a number'],
    ],
  ],
  [
    'BooleanField',
    BooleanField(),
    [true, false],
    [
      ['true', 'must be true or false'],
      [0, 'must be true or false'],
    ],
  ],
  [
    'JsonObjectField',
    JsonObjectField(),
    [{}, { constructor: 1 }],
    [
      [[], 'must be an object'],
      ['{}', 'must be an object'],
    ],
  ],
  [
    'ObjectField',
    ObjectField(() => Inner),
    [{ id: 'a' }],
    [
      [[{ id: 'a' }], 'must be an object'],
      [1, 'must be an object'],
    ],
  ],
];

describe.each(CASES)('%s', (_, decorator, good, bad) => {
  it.each(good)('accepts %j', (value) => {
    expect(saidOf(decorator, value)).toEqual([]);
  });

  it.each(bad)('refuses %j: %s', (value, message) => {
    expect(saidOf(decorator, value)).toEqual([`it ${message}`]);
  });

  it('is required, and null is no value', () => {
    expect(saidOf(decorator, undefined)).toEqual(['it is required']);
    expect(saidOf(decorator, null)).toHaveLength(1);
  });
});

describe('StringMapField', () => {
  it('names every entry that is not a string', () => {
    const entries = JSON.parse('{"a": "b", "c": 1, "__proto__": null, "d e": {}}') as unknown;
    expect(saidOf(StringMapField(), entries)).toEqual([
      'it.__proto__ must be a string',
      'it.c must be a string',
      'it["d e"] must be a string',
    ]);
    expect(saidOf(StringMapField(), [])).toEqual(['it must be an object']);
    expect(saidOf(StringMapField(), { constructor: 'a' })).toEqual([]);
  });
});

describe('ExtensionsField', () => {
  it('names every key without a namespace, and takes any value', () => {
    expect(saidOf(ExtensionsField(), { 'org.example.a': null, foo: 1, 'a.b': {} })).toEqual([
      'it.foo key must be namespaced as <org>.<key>',
    ]);
    expect(saidOf(ExtensionsField(), ['a.b'])).toEqual(['it must be an object']);
  });

  it('is always optional', () => {
    expect(saidOf(ExtensionsField(), undefined)).toEqual([]);
  });
});

describe('arrays', () => {
  it('of strings name every item that is not one', () => {
    expect(saidOf(StringArrayField(), ['a', 1, null])).toEqual(['it[1] must be a string', 'it[2] must be a string']);
    expect(saidOf(StringArrayField(), { 0: 'a', length: 1 })).toEqual(['it must be an array']);
    expect(saidOf(StringArrayField(), 'a')).toEqual(['it must be an array']);
    expect(saidOf(StringArrayField(), [])).toEqual([]);
  });

  it('of numbers and of words name every item that is not one', () => {
    const days = IntegerArrayField({ minimum: 0, maximum: 6, minItems: 1 });
    expect(saidOf(days, [0, 6])).toEqual([]);
    expect(saidOf(days, [7, 1.5, '1'])).toEqual([
      'it[0] must be at most 6',
      'it[1] must be a whole number',
      'it[2] must be a whole number',
    ]);
    expect(saidOf(days, [])).toEqual(['it must have at least 1 item']);
    const kinds = EnumArrayField(['a', 'b']);
    expect(saidOf(kinds, ['b', 'a', 'b'])).toEqual([]);
    expect(saidOf(kinds, ['A', 1])).toEqual(['it[0] must be one of a, b', 'it[1] must be one of a, b']);
  });

  it('of objects name every item that is not one, and look into those that are', () => {
    const items = ObjectArrayField(() => Inner);
    expect(saidOf(items, [{ id: 'a' }, 1, { id: 2 }, null, [{ id: 'a' }], { id: 'a', more: 1 }, {}])).toEqual([
      'it[1] must be an object',
      'it[2].id must be a string',
      'it[3] must be an object',
      'it[4] must be an object',
      'it[5].more is not a known property',
      'it[6].id is required',
    ]);
    expect(saidOf(items, { id: 'a' })).toEqual(['it must be an array']);
  });

  it('can need items', () => {
    expect(saidOf(StringArrayField({ minItems: 1 }), [])).toEqual(['it must have at least 1 item']);
    expect(
      saidOf(
        ObjectArrayField(() => Inner, { minItems: 2 }),
        [{ id: 'a' }],
      ),
    ).toEqual(['it must have at least 2 items']);
  });
});

describe('an optional field', () => {
  it.each([
    ['string', StringField({ optional: true })],
    ['object', ObjectField(() => Inner, { optional: true })],
    ['array', ObjectArrayField(() => Inner, { optional: true })],
    ['object of anything', JsonObjectField({ optional: true })],
  ])('of type %s may be absent but not null', (_, decorator) => {
    expect(readRequest(classWith(decorator), {})).toEqual({});
    expect(saidOf(decorator, null)).toHaveLength(1);
  });
});

describe('the metadata', () => {
  it('names the fields of a class in the order of declaration', () => {
    class Two {
      @StringField({ optional: true, format: 'uri' })
      b?: string;

      @ObjectArrayField(() => Inner, { minItems: 1 })
      a!: Inner[];
    }
    const [b, a] = [...fieldsOf(Two).values()];
    expect(b).toEqual({ name: 'b', optional: true, kind: { type: 'string', format: 'uri' } });
    expect(a).toMatchObject({ name: 'a', optional: false, kind: { type: 'array', minItems: 1 } });
    expect(fieldsOf(Object).size).toBe(0);
  });

  it('is declared once: a second decorator on one property is a mistake', () => {
    expect(() => {
      class Twice {
        @StringField()
        @IntegerField()
        it!: string;
      }
      return Twice;
    }).toThrow('Twice.it has more than one field decorator');
  });
});
