import fc from 'fast-check';
import { failure } from './end-node-run.js';
import { retryDecision } from './retry-decision.js';
import type { Attempt, RetryContext } from './retry-decision.js';

const context: RetryContext = {
  attempts: 1,
  unsent: 0,
  repeatable: true,
  policy: { max_attempts: 3, initial_delay_ms: 100, multiplier: 2, max_delay_ms: 1_000 },
  unavailableAttempts: 5,
};
const timeout: Attempt = { kind: 'answered', outcome: failure('timeout') };
const handlerError: Attempt = { kind: 'answered', outcome: failure('handler_error') };
const noAnswer: Attempt = { kind: 'no_answer', outcome: failure('atomic_executor_unavailable') };
const notSent: Attempt = { kind: 'not_sent', outcome: failure('atomic_executor_unavailable') };

describe('the decision to repeat', () => {
  it('lets a success, a cancel and a failure that is not retryable stand', () => {
    expect(retryDecision({ kind: 'answered', outcome: { state: 'succeeded' } }, context, 0)).toBe('final');
    expect(retryDecision({ kind: 'answered', outcome: { state: 'canceled' } }, context, 0)).toBe('final');
    expect(retryDecision(handlerError, context, 0)).toBe('final');
  });

  it('repeats a retryable failure as often as the policy says', () => {
    expect(retryDecision(timeout, { ...context, attempts: 2 }, 0)).toBe(100);
    expect(retryDecision(timeout, { ...context, attempts: 3 }, 0)).toBe('final');
  });

  it('never repeats by itself what may not be repeated', () => {
    const irreversible = { ...context, repeatable: false };
    expect(retryDecision(timeout, irreversible, 0)).toBe('final');
    expect(retryDecision(noAnswer, irreversible, 0)).toBe('uncertain');
  });

  it('lets a refusal stand, whatever its code and whatever may be repeated', () => {
    const refused: Attempt = { kind: 'refused', outcome: failure('atomic_executor_unavailable') };
    for (const repeatable of [true, false]) expect(retryDecision(refused, { ...context, repeatable }, 0)).toBe('final');
  });

  it('repeats whatever was never sent', () => {
    expect(typeof retryDecision(notSent, { ...context, repeatable: false }, 0)).toBe('number');
    expect(retryDecision(notSent, { ...context, repeatable: false, unsent: 3 }, 0)).toBe(1_000);
    expect(retryDecision(notSent, { ...context, repeatable: false, unsent: 4 }, 0)).toBe('final');
  });

  it('counts what was not sent apart from what was executed', () => {
    expect(retryDecision(notSent, { ...context, attempts: 5 }, 0)).toBe(125);
    expect(retryDecision(noAnswer, { ...context, unsent: 4 }, 0)).toBe(125);
    expect(retryDecision(noAnswer, { ...context, attempts: 5 }, 0)).toBe('final');
    expect(retryDecision(timeout, { ...context, unsent: 4, attempts: 2 }, 0)).toBe(100);
  });

  it('waits between half and the whole of a pause that grows up to its limit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, random) => {
          const pause = retryDecision(
            timeout,
            { ...context, attempts, policy: { ...context.policy, max_attempts: 99 } },
            random,
          );
          const full = Math.min(100 * 2 ** (attempts - 1), 1_000);
          expect(pause).toBeGreaterThanOrEqual(full / 2);
          expect(pause).toBeLessThanOrEqual(full);
        },
      ),
    );
  });
});
