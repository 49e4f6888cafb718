import { readFileSync } from 'node:fs';
import { compilePattern } from './pattern.js';

/** [pattern, text, what Python 3.11's fnmatch.fnmatchcase(text, pattern) says] */
const PYTHON = JSON.parse(
  readFileSync(new URL('pattern.fnmatch.json', import.meta.url), 'utf8'),
) as readonly (readonly [string, string, boolean])[];

describe('compilePattern', () => {
  it('answers as fnmatch.fnmatchcase of Python', () => {
    const others = PYTHON.filter(([pattern, text, matches]) => compilePattern(pattern).matches(text) !== matches);
    expect(others).toEqual([]);
    expect(PYTHON.filter(([, , matches]) => matches).length).toBeGreaterThan(80);
    expect(PYTHON.filter(([, , matches]) => !matches).length).toBeGreaterThan(50);
  });

  it('says which single text it stands for', () => {
    expect(compilePattern('run.start').literal).toBe('run.start');
    expect(compilePattern('run[.]start').literal).toBe('run.start');
    expect(compilePattern('run.*').literal).toBeUndefined();
    expect(compilePattern('run.?').literal).toBeUndefined();
  });

  it.each([
    ['stars and texts', '*a'.repeat(500) + '*b', 'a'.repeat(50_000)],
    ['stars and question marks', '*?'.repeat(500) + '*b', 'a'.repeat(50_000)],
    ['stars and sets', '*a[ab]a[ab]a[ab]c'.repeat(50), 'ab'.repeat(25_000)],
  ])('does not blow up on %s', (_, pattern, text) => {
    // With backtracking these would outlast the test run.
    expect(compilePattern(pattern).matches(text)).toBe(false);
  });
});
