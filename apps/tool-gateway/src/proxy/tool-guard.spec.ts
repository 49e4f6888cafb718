import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#contract';
import { ToolFailure } from '../tools/node-failure.js';
import { ToolGuard } from './tool-guard.js';
import type { GuardedCall } from './tool-guard.js';

const LIMITS = { maxConcurrency: 10, retries: 2, breaker: { failures: 3, openMs: 300 } };
const UPSTREAM = new ToolFailure('tool_upstream_error', { blame: 'upstream', mayRepeat: true });
const CALLER = new ToolFailure('tool_params_invalid', { blame: 'caller', mayRepeat: false });
const NOBODY = new ToolFailure('atomic_executor_unavailable', { blame: 'nobody', mayRepeat: false });

/** A call whose attempts fail with these, one after the other; the rest succeeds. */
function failing(
  errors: readonly Error[],
  rest: Partial<GuardedCall<number>> = {},
): GuardedCall<number> & { attempts: number } {
  const left = [...errors];
  const call: GuardedCall<number> & { attempts: number } = {
    attempts: 0,
    isIdempotent: false,
    deadline: Date.now() + 60_000,
    signal: new AbortController().signal,
    attempt: () => {
      call.attempts += 1;
      const error = left.shift();
      return error === undefined ? Promise.resolve(call.attempts) : Promise.reject(error);
    },
    ...rest,
  };
  return call;
}

describe('ToolGuard', () => {
  it('repeats what may be repeated, as often as it may', async () => {
    const call = failing([UPSTREAM, UPSTREAM], { isIdempotent: true });
    expect(await new ToolGuard(LIMITS).run(call)).toBe(3);
    const tooMany = failing([UPSTREAM, UPSTREAM, UPSTREAM], { isIdempotent: true });
    await expect(new ToolGuard(LIMITS).run(tooMany)).rejects.toBe(UPSTREAM);
    expect(tooMany.attempts).toBe(3);
  });

  it('repeats nothing that must not be, but what certainly was not sent', async () => {
    const once = failing([UPSTREAM]);
    await expect(new ToolGuard(LIMITS).run(once)).rejects.toBe(UPSTREAM);
    expect(once.attempts).toBe(1);
    const unsent = new ToolFailure('execution_overloaded', { blame: 'nobody', mayRepeat: true, wasSent: false });
    expect(await new ToolGuard(LIMITS).run(failing([unsent]))).toBe(2);
  });

  it('does not wait beyond the time of the call', async () => {
    const details = { retry_after: 60 };
    const asks = new ToolFailure('tool_upstream_error', { blame: 'upstream', mayRepeat: true, details });
    const call = failing([asks], { isIdempotent: true, deadline: Date.now() + 10_000 });
    await expect(new ToolGuard(LIMITS).run(call)).rejects.toBe(asks);
    expect(call.attempts).toBe(1);
  });

  it('stops repeating when the breaker opens', async () => {
    const guard = new ToolGuard({ ...LIMITS, breaker: { failures: 2, openMs: 60_000 } });
    const call = failing([UPSTREAM, UPSTREAM, UPSTREAM], { isIdempotent: true });
    await expect(guard.run(call)).rejects.toBe(UPSTREAM);
    expect(call.attempts).toBe(2);
    await expect(guard.run(failing([]))).rejects.toMatchObject({
      code: 'tool_circuit_open',
      details: { retry_after: 60 },
    });
  });

  it('neither mistakes of the caller nor what is nobody’s fault open the breaker', async () => {
    const guard = new ToolGuard(LIMITS);
    for (const error of [CALLER, NOBODY, CALLER, NOBODY, CALLER, new AppError('tool_overloaded'), new Error('bug')]) {
      await expect(guard.run(failing([error]))).rejects.toBe(error);
    }
    expect(await guard.run(failing([]))).toBe(1);
  });

  it.each([
    ['a success closes it', [], undefined],
    ['a failure of the upstream leaves it open', [UPSTREAM], 'tool_circuit_open'],
    ['and so does what finds nothing out', [NOBODY], 'tool_circuit_open'],
    ['a mistake of the caller, which the upstream answered, closes it', [CALLER], undefined],
  ])('the one that is let through to try: %s', async (_, errors, then) => {
    const guard = new ToolGuard(LIMITS);
    for (let count = 0; count < 3; count += 1) await guard.run(failing([UPSTREAM])).catch(() => undefined);
    await sleep(LIMITS.breaker.openMs + 50);
    await guard.run(failing(errors)).catch(() => undefined);
    const after = await guard.run(failing([])).catch((error: AppError) => error.code);
    expect(after).toBe(then ?? 1);
  });
});
