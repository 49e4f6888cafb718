import { rotationAdvice } from './agent-grant.js';

describe('advice to get a new token', () => {
  const minutes = (count: number) => new Date(count * 60_000);
  it.each([
    ['of an hour, with 6 minutes left', 60, 54, false],
    ['of an hour, with 4 minutes left', 60, 56, true],
    ['of 10 minutes, just had', 10, 0, false],
    ['of 10 minutes, with 3 minutes left', 10, 7, false],
    ['of 10 minutes, with 1 minute left', 10, 9, true],
    ['of 1 minute, with 30 s left', 1, 0.5, false],
    ['of 1 minute, with 6 s left', 1, 0.9, true],
  ])('%s', (_name, lifetime, age, advised) => {
    const grant = { issuedAt: minutes(0), expiresAt: minutes(lifetime) };
    expect(rotationAdvice(grant, minutes(age))).toEqual(advised ? minutes(lifetime) : undefined);
  });
});
