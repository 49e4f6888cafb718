import { expiryOf } from './token-expiry.js';

const NOW = new Date('2026-03-15T12:00:00.500Z');
const now = Math.floor(NOW.getTime() / 1_000);

describe('when a token expires', () => {
  it.each([
    ['by itself', {}, 900],
    ['after minutes', { ttl_minutes: 1_440 }, 86_400],
    ['at a time', { expires_at: '2026-03-15T12:10:00Z' }, 600],
    ['at a time elsewhere', { expires_at: '2026-03-15T14:10:00.999+02:00' }, 600],
  ])('%s', (_name, wanted, after) => {
    for (const naive of [true, false]) expect(expiryOf(wanted, NOW, naive)).toBe(now + after);
  });

  it('at a time without a zone, only where that is taken, and then as UTC', () => {
    const wanted = { expires_at: '2026-03-15T12:10:00.679165' };
    expect(expiryOf(wanted, NOW, true)).toBe(now + 600);
    expect(() => expiryOf(wanted, NOW, false)).toThrow('expires_at must be an RFC 3339 date-time with a time zone');
  });

  it.each([
    ['is over', '2026-03-15T12:00:00Z', 'must be in the future'],
    ['is too far', '2026-03-16T12:00:02Z', 'must be at most 24 hours ahead'],
    ['is no day', '2026-02-30T12:00:00Z', 'must be an RFC 3339 date-time'],
    ['is a date', '2026-03-16', 'must be an RFC 3339 date-time'],
    ['is nothing', '', 'must be an RFC 3339 date-time'],
  ])('a time that %s is refused', (_name, text, says) => {
    for (const naive of [true, false]) expect(() => expiryOf({ expires_at: text }, NOW, naive)).toThrow(says);
  });
});
