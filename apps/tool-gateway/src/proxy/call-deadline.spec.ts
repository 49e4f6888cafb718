import { getEventListeners } from 'node:events';
import { AppError } from '#contract';
import { callDeadline, CallGivenUpError, orGivenUp } from './call-deadline.js';

describe('callDeadline', () => {
  it.each([
    ['before it begins, whatever it is', false, false, true],
    ['when it does no harm', true, true, true],
    ['but not what was begun and must not be repeated', false, true, false],
  ])('a caller that goes away ends a call %s', (_, mayEnd, isBegun, isEnded) => {
    const caller = new AbortController();
    const deadline = callDeadline(caller.signal, 60_000, mayEnd);
    if (isBegun) deadline.begin();
    caller.abort();
    expect(deadline.signal.aborted).toBe(isEnded);
    deadline.release();
  });

  it('a service that stops ends nothing', () => {
    const caller = new AbortController();
    const deadline = callDeadline(caller.signal, 60_000, true);
    caller.abort(new AppError('service_stopping'));
    expect(deadline.signal.aborted).toBe(false);
    deadline.release();
  });

  it('fires when the time is up, and leaves nothing at the signal of the caller', async () => {
    const caller = new AbortController();
    const deadline = callDeadline(caller.signal, 20, false);
    deadline.begin();
    const never = new Promise<never>(() => undefined);
    await expect(orGivenUp(never, deadline.signal)).rejects.toEqual(new CallGivenUpError('late'));
    deadline.release();
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
    expect(getEventListeners(deadline.signal, 'abort')).toEqual([]);
  });
});
