import fc from 'fast-check';
import { instantOf, readInstant } from './instant.js';

describe('a point in time', () => {
  it.each([
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000000Z'],
    ['2026-01-31t12:00:00.5z', '2026-01-31T12:00:00.500000Z'],
    ['2026-01-31 12:00:00.123456Z', '2026-01-31T12:00:00.123456Z'],
    ['2026-01-31T12:00:00+02:00', '2026-01-31T10:00:00.000000Z'],
    ['2026-01-31T12:00:00-0530', '2026-01-31T17:30:00.000000Z'],
    ['2026-01-31T12:00:00.1234560000Z', '2026-01-31T12:00:00.123456Z'],
    ['2026-01-31T12:00:00.1234560001Z', '2026-01-31T12:00:00.123457Z'],
    ['2026-12-31T23:59:59.9999999Z', '2027-01-01T00:00:00.000000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
    ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
  ])('%s is %s', (text, instant) => {
    expect(readInstant(text)).toBe(instant);
    expect(readInstant(instant)).toBe(instant);
  });

  it.each([
    '',
    'yesterday',
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-02-30T12:00:00Z',
    '2026-01-31T25:00:00Z',
    '2026-01-31T12:00:00 02:00',
    '0000-06-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59.9999999Z',
    'infinity',
  ])('%s is none', (text) => expect(readInstant(text)).toBeUndefined());

  it('of a Date keeps its milliseconds, and texts compare as times do', () => {
    const time = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(time, time, (left, right) => {
        expect(readInstant(left.toISOString())).toBe(instantOf(left));
        expect(instantOf(left) < instantOf(right)).toBe(left.getTime() < right.getTime());
      }),
    );
  });
});
