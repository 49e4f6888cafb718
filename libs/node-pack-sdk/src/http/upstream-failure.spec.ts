import { defineNode } from '../define-node.js';
import { UPSTREAM_ERRORS, upstreamFailure } from './upstream-failure.js';

const answer = (status: number, headers: Record<string, string> = {}) => new Response(null, { status, headers });

describe('upstreamFailure', () => {
  it.each([
    [401, 'credential_refused', false],
    [403, 'upstream_refused', false],
    [404, 'upstream_refused', false],
    [429, 'rate_limited', true],
    [500, 'upstream_error', true],
    [503, 'upstream_error', true],
    [301, 'upstream_error', true],
  ])('%s is %s, as UPSTREAM_ERRORS declares it', (status, code, retryable) => {
    const failure = upstreamFailure('The shop', answer(status));
    expect(failure).toMatchObject({ code, retryable, details: { status } });
    const declared = UPSTREAM_ERRORS[code as keyof typeof UPSTREAM_ERRORS];
    expect('retryable' in declared && declared.retryable).toBe(retryable);
  });

  it('passes on what the service said, but not with 401', () => {
    expect(upstreamFailure('The shop', answer(400), 'Bad q.').message).toBe('The shop answered 400: Bad q.');
    expect(upstreamFailure('The shop', answer(401), 'Bad key sk-1.').message).not.toContain('sk-1');
    expect(upstreamFailure('The shop', answer(400), 'x'.repeat(9_999)).message.length).toBeLessThan(600);
  });

  it('tells how long to wait, from seconds or a date', () => {
    const waits = (value: string) => upstreamFailure('S', answer(429, { 'retry-after': value })).details;
    expect(waits('30')).toEqual({ status: 429, retry_after: 30 });
    expect(waits('soon')).toEqual({ status: 429 });
    expect(waits(new Date(Date.now() - 60_000).toUTCString())).toEqual({ status: 429, retry_after: 0 });
    const later = waits(new Date(Date.now() + 100_000).toUTCString())?.['retry_after'] as number;
    expect(later).toBeGreaterThan(50);
    expect(later).toBeLessThanOrEqual(100);
  });

  it('can be declared', () => {
    const node = { id: 'a.b.c', description: 'x', input: { type: 'object' }, output: { type: 'object' } } as const;
    expect(() => defineNode({ ...node, errors: UPSTREAM_ERRORS, run: () => ({}) })).not.toThrow();
  });
});
