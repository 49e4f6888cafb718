import fc from 'fast-check';
import { isNamespaced, NAMESPACED_KEY_PATTERN, problemsOf } from './field-problems.js';

describe('isNamespaced', () => {
  it('accepts exactly what the pattern of the standard accepts', () => {
    const pattern = new RegExp(NAMESPACED_KEY_PATTERN, 'u');
    const nearly = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '.', '_', '-', ' ', '\n', 'é'), maxLength: 6 });
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string()), (key) => {
        expect(isNamespaced(key)).toBe(pattern.test(key));
      }),
      { numRuns: 2000 },
    );
  });

  it('answers for long keys, on which the pattern itself takes minutes', () => {
    const long = `a${'.a'.repeat(500_000)}`;
    expect(isNamespaced(`${long}!`)).toBe(false);
    expect(isNamespaced(long)).toBe(true);
  });
});

describe('problemsOf', () => {
  it('refuses an address that is too long for the regular expression engine', () => {
    const field = { name: 'uri', optional: false, kind: { type: 'string', format: 'uri' } } as const;
    const problems = problemsOf(field, `http://${'a'.repeat(30_000_000)}`);
    expect(problems.map(({ path }) => path)).toEqual(['uri']);
  });
});
