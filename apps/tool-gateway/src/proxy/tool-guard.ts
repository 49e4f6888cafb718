import {
  BrokenCircuitError,
  bulkhead,
  BulkheadRejectedError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  halfJitterGenerator,
  handleWhen,
  retry,
} from 'cockatiel';
import type { BulkheadPolicy, CircuitBreakerPolicy, IBackoff, IRetryBackoffContext } from 'cockatiel';
import { AppError } from '#contract';
import { ToolFailure } from '../tools/node-failure.js';

/** How much one agent may ask of one tool, in one gateway. */
export interface GuardLimits {
  /** Most calls at once; as many more wait. */
  readonly maxConcurrency: number;
  /** How often a call is repeated. */
  readonly retries: number;
  readonly breaker: { readonly failures: number; readonly openMs: number };
}

/** One call, as the guard looks at it. */
export interface GuardedCall<T> {
  readonly isIdempotent: boolean;
  /** When it has to be over, in milliseconds since 1970. */
  readonly deadline: number;
  /** Ends waiting for a place, and repeating. */
  readonly signal: AbortSignal;
  /** @throws ToolFailure, by which is decided what follows */
  readonly attempt: () => Promise<T>;
}

const BACKOFF = { initialDelay: 200, maxDelay: 2_000, exponent: 2, generator: halfJitterGenerator };

/** Bulkhead, retries and breaker of one tool for one agent. What one agent does to a tool no other agent feels. */
export class ToolGuard {
  private readonly places: BulkheadPolicy;
  private readonly breaker: CircuitBreakerPolicy;
  private openedAt = 0;

  constructor(private readonly limits: GuardLimits) {
    this.places = bulkhead(limits.maxConcurrency, limits.maxConcurrency);
    this.breaker = circuitBreaker(
      handleWhen((error) => this.counts(error)),
      { halfOpenAfter: limits.breaker.openMs, breaker: new ConsecutiveBreaker(limits.breaker.failures) },
    );
    this.breaker.onBreak(() => {
      this.openedAt = Date.now();
    });
  }

  /** @throws AppError tool_overloaded, tool_circuit_open; what the last attempt threw */
  async run<T>(call: GuardedCall<T>): Promise<T> {
    try {
      return await this.places.execute(() => this.repeat(call), call.signal);
    } catch (error) {
      if (error instanceof BulkheadRejectedError) throw new AppError('tool_overloaded');
      throw error;
    }
  }

  private repeat<T>(call: GuardedCall<T>): Promise<T> {
    const attempts = retry(
      handleWhen((error) => this.mayRepeat(error, call)),
      { maxAttempts: this.limits.retries, backoff: { next: (context) => notBefore(context, EXPONENTIAL.next()) } },
    );
    return attempts.execute(() => {
      call.signal.throwIfAborted();
      return this.throughBreaker(call);
    }, call.signal);
  }

  /** While one is let through to try, others are turned away at once: the breaker of the library would make them wait for it. */
  private async throughBreaker<T>({ attempt }: GuardedCall<T>): Promise<T> {
    if (this.breaker.state === CircuitState.HalfOpen) throw this.heldBack();
    try {
      return await this.breaker.execute(attempt);
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw this.heldBack();
      throw error;
    }
  }

  /** The caller's own mistakes never count. One that ends without a finding leaves an open breaker open. */
  private counts(error: unknown): boolean {
    if (!(error instanceof ToolFailure)) return false;
    const { blame } = error.facts;
    return blame === 'upstream' || (blame === 'nobody' && this.breaker.state === CircuitState.HalfOpen);
  }

  private mayRepeat(error: unknown, { isIdempotent, deadline }: GuardedCall<unknown>): boolean {
    if (!(error instanceof ToolFailure)) return false;
    const { mayRepeat, wasSent } = error.facts;
    if (!mayRepeat || !(isIdempotent || wasSent === false)) return false;
    return this.breaker.state === CircuitState.Closed && Date.now() + waitMsOf(error) < deadline;
  }

  private heldBack(): AppError {
    const left = this.openedAt + this.limits.breaker.openMs - Date.now();
    return new AppError('tool_circuit_open', { details: { retry_after: Math.max(1, Math.ceil(left / 1_000)) } });
  }
}

const EXPONENTIAL = new ExponentialBackoff(BACKOFF);

type RetryContext = IRetryBackoffContext<unknown>;

/** As long as the backoff says, and as long as the upstream asks for. */
function notBefore(context: RetryContext, backoff: IBackoff<unknown>): IBackoff<RetryContext> {
  const { result } = context;
  return {
    duration: Math.max(backoff.duration, 'error' in result ? waitMsOf(result.error) : 0),
    next: (following) => notBefore(following, backoff.next(following)),
  };
}

function waitMsOf(error: unknown): number {
  const wait = error instanceof ToolFailure ? error.details?.['retry_after'] : undefined;
  return typeof wait === 'number' ? wait * 1_000 : 0;
}
