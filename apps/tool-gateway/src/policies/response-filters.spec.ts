import fc from 'fast-check';
import { PII_KINDS } from './policy-spec.js';
import { DEEPEST_JSON } from '../json-depth.js';
import { filterResponse, REDACTED } from './response-filters.js';
import type { ResponseRules } from './tool-decision.js';

const NONE: ResponseRules = { redactFields: [], truncateFields: [], blockPatterns: [], piiFilters: [] };

function dataOf(rules: Partial<ResponseRules>, data: unknown): unknown {
  const filtered = filterResponse({ ...NONE, ...rules }, data);
  if ('blocked' in filtered) throw new Error(filtered.blocked);
  return filtered.data;
}

const isBlocked = (blockPatterns: readonly string[], data: unknown, rules: Partial<ResponseRules> = {}) =>
  'blocked' in filterResponse({ ...NONE, ...rules, blockPatterns }, data);

describe('weakness 12: response filters', () => {
  it('redact a name at any depth, whatever its value and its case', () => {
    const data = { a: [{ Password: { deep: 1 } }, { b: { password: [1] } }], password: null, passwords: 'x' };
    expect(dataOf({ redactFields: ['password'] }, data)).toEqual({
      a: [{ Password: REDACTED }, { b: { password: REDACTED } }],
      password: REDACTED,
      passwords: 'x',
    });
  });

  it('redact a path from the top only, through lists with and without *', () => {
    const user = { email: 'e', name: 'n' };
    expect(dataOf({ redactFields: ['user.email'] }, { user, other: { user } })).toEqual({
      user: { email: REDACTED, name: 'n' },
      other: { user },
    });
    const redacted = { users: [{ email: REDACTED, name: 'n' }] };
    expect(dataOf({ redactFields: ['users.*.email'] }, { users: [user] })).toEqual(redacted);
    expect(dataOf({ redactFields: ['users.email'] }, { users: [user] })).toEqual(redacted);
    expect(dataOf({ redactFields: ['*.email'] }, [user])).toEqual([{ email: REDACTED, name: 'n' }]);
    expect(dataOf({ redactFields: ['users.*'] }, { users: ['a', user] })).toEqual({ users: [REDACTED, REDACTED] });
    expect(dataOf({ redactFields: ['a.b'] }, { x: { 'a.b': 1 } })).toEqual({ x: { 'a.b': REDACTED } });
  });

  it('cut texts, and texts in a list, by characters', () => {
    const truncateFields = [
      { field: 'body', maxLength: 3 },
      { field: 'page.body', maxLength: 2 },
    ];
    expect(dataOf({ truncateFields }, { body: 'abcd', b: { body: 'abc' }, page: { body: 'ab😀' } })).toEqual({
      body: 'abc...',
      b: { body: 'abc' },
      page: { body: 'ab...' },
    });
    expect(dataOf({ truncateFields }, { body: ['a😀cd', 12_345, { other: 'abcd' }] })).toEqual({
      body: ['a😀c...', 12_345, { other: 'abcd' }],
    });
  });

  it('mask personal data in texts and in names, and in what is cut before that', () => {
    const rules = { piiFilters: ['email'], truncateFields: [{ field: 'note', maxLength: 6 }] } as const;
    expect(dataOf(rules, { note: 'bob@mail.example wrote', list: ['x a@b.com y'] })).toEqual({
      note: '[REDAC...',
      list: ['x [REDACTED:email] y'],
    });
    expect(dataOf(rules, { 'a@b.com': 1, 'c@d.com': 2, 'e@f.com': 3 })).toEqual({
      '[REDACTED:email]': 1,
      '[REDACTED:email] (2)': 2,
      '[REDACTED:email] (3)': 3,
    });
    expect(dataOf({ ...rules, redactFields: ['a@b.com'] }, { 'a@b.com': 1 })).toEqual({ '[REDACTED:email]': REDACTED });
  });

  it('block by names and texts at any depth, whatever the case', () => {
    expect(isBlocked(['private_key'], { a: [{ b: 'xx PRIVATE_KEY' }] })).toBe(true);
    expect(isBlocked(['Private_Key'], [{ 'my-private_key': 1 }])).toBe(true);
    expect(isBlocked(['private_key'], 'a private_key')).toBe(true);
    expect(isBlocked(['private_key'], { a: ['private key', 1, null, true] })).toBe(false);
  });

  it('block though what is blocked would be redacted, and when a mask is what is blocked', () => {
    expect(isBlocked(['sk-'], { key: 'sk-123' }, { redactFields: ['key'] })).toBe(true);
    expect(isBlocked(['redact'], { key: 'x' }, { redactFields: ['key'] })).toBe(true);
  });

  it('do nothing without rules', () => {
    const data = { a: 1 };
    expect(filterResponse(NONE, data)).toEqual({ data });
  });

  it('block what is too deep, and do not overflow', () => {
    const nest = (levels: number) => {
      let value: unknown = 'secret';
      for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
      return value;
    };
    expect(isBlocked(['zz'], nest(DEEPEST_JSON), { redactFields: ['x'] })).toBe(false);
    expect(isBlocked(['zz'], nest(DEEPEST_JSON + 1))).toBe(true);
    expect(isBlocked(['zz'], nest(1_000_000))).toBe(true);
  });

  it('keep names that mean something to JavaScript', () => {
    const data: unknown = JSON.parse('{"__proto__": {"password": 1}, "constructor": {"toString": "x"}}');
    expect(JSON.stringify(dataOf({ redactFields: ['password'] }, data))).toBe(
      '{"__proto__":{"password":"[REDACTED]"},"constructor":{"toString":"x"}}',
    );
    expect(JSON.stringify(dataOf({ redactFields: ['toString', '__proto__'] }, data))).toBe(
      '{"__proto__":"[REDACTED]","constructor":{"toString":"[REDACTED]"}}',
    );
  });

  it.each([undefined, null, 0, 'x', [], {}, [undefined], new Date(0), () => 1])('take %p', (data) => {
    expect(() => filterResponse({ ...NONE, redactFields: ['a'], piiFilters: PII_KINDS }, data)).not.toThrow();
  });
});

describe('laws of response filters', () => {
  const name = fc.constantFrom('a', 'B', 'c', 'a.b', '__proto__', 'x@y.com');
  const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('1', '4', '-', ' ', 'x@y.com', '.', '😀') }));
  const { data } = fc.letrec((tie) => ({
    data: fc.oneof(
      { maxDepth: 5 },
      text,
      fc.constantFrom(null, true, 1),
      fc.array(tie('data'), { maxLength: 4 }),
      fc.dictionary(name, tie('data'), { maxKeys: 4 }),
    ),
  }));
  const field = fc.constantFrom('a', 'b', 'A.b', 'a.*.b', '*.c', 'a.b', 'c.a.*', '__proto__', 'x@y.com');
  const rules: fc.Arbitrary<ResponseRules> = fc.record({
    redactFields: fc.array(field, { maxLength: 3 }),
    truncateFields: fc.array(fc.record({ field, maxLength: fc.nat(20) }), { maxLength: 3 }),
    blockPatterns: fc.array(fc.constantFrom('zz', 'red', '4-1'), { maxLength: 1 }),
    piiFilters: fc.subarray([...PII_KINDS]),
  });
  const runs = { numRuns: 1_000 };

  it('the same rules change nothing of what they let through', () => {
    fc.assert(
      fc.property(rules, data, (all, value) => {
        const once = filterResponse(all, value);
        if ('data' in once) expect(filterResponse(all, once.data)).toEqual(once);
      }),
      runs,
    );
  });

  it('what was given stays as it was', () => {
    fc.assert(
      fc.property(rules, data, (all, value) => {
        const before = JSON.stringify(value);
        filterResponse(all, value);
        expect(JSON.stringify(value)).toBe(before);
      }),
      runs,
    );
  });

  it('no value survives under a name that is redacted', () => {
    fc.assert(
      fc.property(rules, data, (all, value) => {
        const filtered = filterResponse(all, value);
        if (!('data' in filtered)) return;
        const redacted = all.redactFields.map((one) => one.toLowerCase());
        const check = (item: unknown): void => {
          if (typeof item !== 'object' || item === null) return;
          for (const [key, inner] of Object.entries(item)) {
            if (!Array.isArray(item) && redacted.includes(key.toLowerCase())) expect(inner).toBe(REDACTED);
            else check(inner);
          }
        };
        check(filtered.data);
      }),
      runs,
    );
  });
});
