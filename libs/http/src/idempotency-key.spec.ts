import fc from 'fast-check';
import { AppError } from '#contract';
import { formatIdempotencyKey, readIdempotencyKey } from './idempotency-key.js';

describe('Idempotency-Key', () => {
  it.each([
    ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['  "k"  ', 'k'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['"a,b;c"', 'a,b;c'],
    ['abc+/=:*', 'abc+/=:*'],
    [`"${'x'.repeat(255)}"`, 'x'.repeat(255)],
    ['x'.repeat(255), 'x'.repeat(255)],
  ])('%s is the key %s', (header, key) => expect(readIdempotencyKey(header)).toBe(key));

  it('is absent without the header', () => expect(readIdempotencyKey(undefined)).toBeUndefined());

  it.each([
    '',
    ' ',
    '""',
    '"',
    '"a',
    'a"',
    '"a b"',
    'a b',
    '"a", "b"',
    'a, b',
    'a,b',
    'a;p=1',
    '"a";p=1',
    '"a\\b"',
    'a\\b',
    '"ä"',
    'ä',
    '"a\tb"',
    'x'.repeat(256),
    `"${'x'.repeat(256)}"`,
  ])('%j is refused, naming the header', (header) => {
    let refusal: unknown;
    try {
      readIdempotencyKey(header);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(AppError);
    const { code, details } = refusal as AppError;
    expect({ code, issues: details?.['issues'] }).toMatchObject({
      code: 'invalid_request',
      issues: [{ path: 'Idempotency-Key' }],
    });
  });

  it('that is repeated is refused', () => {
    expect(() => readIdempotencyKey(['a', 'b'])).toThrow('Idempotency-Key');
  });

  it('is read as it was written, whatever it is', () => {
    const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.string({ unit: visible, minLength: 1, maxLength: 255 }), (key) => {
        expect(readIdempotencyKey(formatIdempotencyKey(key))).toBe(key);
      }),
    );
  });
});
