import { readRetryPolicy } from './retry-policy.js';

describe('readRetryPolicy', () => {
  it('reads a whole policy', () => {
    const policy = { max_attempts: 5, initial_delay_ms: 10, multiplier: 1.5, max_delay_ms: 500 };
    expect(readRetryPolicy({ ...policy, jitter: 'full' })).toEqual(policy);
  });

  it.each([
    [{ max_attempts: 3 }, { initial_delay_ms: 1_000, multiplier: 2, max_delay_ms: 60_000 }],
    [
      { max_attempts: 3, initial_delay_ms: null, multiplier: '2', max_delay_ms: {} },
      { initial_delay_ms: 1_000, multiplier: 2, max_delay_ms: 60_000 },
    ],
    [
      { max_attempts: 3, initial_delay_ms: 90_000 },
      { initial_delay_ms: 90_000, multiplier: 2, max_delay_ms: 90_000 },
    ],
    [
      { max_attempts: 3, initial_delay_ms: 500, max_delay_ms: 100 },
      { initial_delay_ms: 500, multiplier: 2, max_delay_ms: 500 },
    ],
    [
      { max_attempts: 3, initial_delay_ms: -1, multiplier: 0, max_delay_ms: 1e12 },
      { initial_delay_ms: 0, multiplier: 1, max_delay_ms: 86_400_000 },
    ],
  ])('completes %j and keeps it within bounds', (written, rest) => {
    expect(readRetryPolicy(written)).toEqual({ max_attempts: 3, ...rest });
  });

  it.each([
    [2.9, 2],
    [1e9, 100],
  ])('%s attempts are %s', (written, attempts) => {
    expect(readRetryPolicy({ max_attempts: written })?.max_attempts).toBe(attempts);
  });

  it.each([
    undefined,
    null,
    3,
    'often',
    [],
    {},
    { max_attempts: 0 },
    { max_attempts: '3' },
    { max_attempts: Number.NaN },
  ])('%j is no policy', (value) => expect(readRetryPolicy(value)).toBeUndefined());
});
