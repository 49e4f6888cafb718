import fc from 'fast-check';
import { LONGEST_WINDOW_SECONDS, windowEndOf, windowSecondsOf, windowStartOf, windowTextOf } from './quota-window.js';

describe('windows of quotas', () => {
  it.each([
    ['1m', 60],
    ['15m', 900],
    ['1h', 3_600],
    ['60m', 3_600],
    ['24h', 86_400],
    ['7d', 604_800],
    ['31d', LONGEST_WINDOW_SECONDS],
  ])('%s is %d seconds', (text, seconds) => {
    expect(windowSecondsOf(text)).toBe(seconds);
  });

  it.each(['', '0h', '1', 'h', '1w', '32d', '-1h', '1.5h', '1 h', '01h', '99999d', '1H'])('%j is none', (text) => {
    expect(windowSecondsOf(text)).toBeUndefined();
  });

  it('are read as they are written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: LONGEST_WINDOW_SECONDS / 60 }), (minutes) => {
        expect(windowSecondsOf(windowTextOf(minutes * 60))).toBe(minutes * 60);
      }),
    );
    expect(['60m', '24h', '48h', '7d'].map((text) => windowTextOf(windowSecondsOf(text) ?? 0))).toEqual([
      '1h',
      '24h',
      '2d',
      '7d',
    ]);
  });

  // A Wednesday.
  const now = new Date('2026-02-11T14:35:10.500Z');
  it.each([
    ['1h', '2026-02-11T14:00:00.000Z', '2026-02-11T15:00:00.000Z'],
    ['24h', '2026-02-11T00:00:00.000Z', '2026-02-12T00:00:00.000Z'],
    ['7d', '2026-02-09T00:00:00.000Z', '2026-02-16T00:00:00.000Z'],
  ])('a fixed one of %s began %s', (text, start, end) => {
    const seconds = windowSecondsOf(text) ?? 0;
    expect(windowStartOf('fixed', seconds, now).toISOString()).toBe(start);
    expect(windowEndOf('fixed', seconds, now).toISOString()).toBe(end);
  });

  it('a sliding one ends with now', () => {
    expect(windowStartOf('sliding', 3_600, now).toISOString()).toBe('2026-02-11T13:35:10.501Z');
    expect(windowEndOf('sliding', 3_600, now).toISOString()).toBe('2026-02-11T15:35:10.500Z');
  });

  it('a use counts exactly until its window ends', () => {
    const instant = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    const seconds = fc.integer({ min: 1, max: 50_000 }).map((minutes) => minutes * 60);
    fc.assert(
      fc.property(fc.constantFrom('sliding', 'fixed'), seconds, instant, (strategy, length, usedAt) => {
        const end = windowEndOf(strategy, length, usedAt);
        const counts = (at: Date) => windowStartOf(strategy, length, at) <= usedAt;
        expect(counts(usedAt)).toBe(true);
        expect(counts(new Date(end.getTime() - 1))).toBe(true);
        expect(counts(end)).toBe(false);
      }),
    );
  });
});
