import type { Outcome } from './end-node-run.js';

/** How often and with which pauses a failed execution is repeated: `extensions["jarvis.retry"]` of a node type. */
export interface RetryPolicy {
  /** Executions in all, the first included; at least 1. */
  readonly max_attempts: number;
  /** Pause before the second execution, in milliseconds. */
  readonly initial_delay_ms: number;
  /** What each pause is longer than the one before; at least 1. */
  readonly multiplier: number;
  /** Longest pause, in milliseconds. */
  readonly max_delay_ms: number;
}

/** What came of handing a node run to its executor. */
export type Attempt =
  /** The executor answered. */
  | { readonly kind: 'answered'; readonly outcome: Outcome }
  /** The executor answered that it does not take the request as it is. Nothing has run, and repeating it would change nothing. */
  | { readonly kind: 'refused'; readonly outcome: Outcome }
  /** The request never reached the executor. */
  | { readonly kind: 'not_sent'; readonly outcome: Outcome }
  /** The request may have reached it, and no answer came. */
  | { readonly kind: 'no_answer'; readonly outcome: Outcome };

export interface RetryContext {
  /** Executions begun so far, this one included; those that were never sent are none. */
  readonly attempts: number;
  /** Times in a row that it was not sent before. */
  readonly unsent: number;
  /** Whether executing again is safe: the node type reads, is idempotent, or has a retry policy of its own. */
  readonly repeatable: boolean;
  readonly policy: RetryPolicy;
  /** Executions in all while the executor does not answer, and times in a row that it is not reached. */
  readonly unavailableAttempts: number;
}

const UNAVAILABLE: Omit<RetryPolicy, 'max_attempts'> = { initial_delay_ms: 250, multiplier: 2, max_delay_ms: 15_000 };

/**
 * When a failed execution is to be repeated.
 *
 * @param random from 0 up to 1: the pause is spread over its upper half, so that what failed together does not return together
 * @returns the pause in milliseconds; `final` when the outcome stands; `uncertain` when it may have taken effect and must not be repeated
 */
export function retryDecision(attempt: Attempt, context: RetryContext, random: number): number | 'final' | 'uncertain' {
  const { attempts, unsent, repeatable, policy, unavailableAttempts } = context;
  if (attempt.kind === 'refused') return 'final';
  if (attempt.kind === 'no_answer' && !repeatable) return 'uncertain';
  if (attempt.kind !== 'answered') {
    // Outages that it has lived through, with executions between them, do not count against it.
    const times = attempt.kind === 'not_sent' ? unsent + 1 : attempts;
    return times >= unavailableAttempts ? 'final' : pause(UNAVAILABLE, times, random);
  }
  const { state, error } = attempt.outcome;
  if (state !== 'failed' || error?.retryable !== true || !repeatable) return 'final';
  return attempts >= policy.max_attempts ? 'final' : pause(policy, attempts, random);
}

function pause(policy: Omit<RetryPolicy, 'max_attempts'>, attempts: number, random: number): number {
  const full = Math.min(policy.initial_delay_ms * policy.multiplier ** (attempts - 1), policy.max_delay_ms);
  return Math.round(full * (0.5 + random / 2));
}
