/** What an error of a handler may tell beside its message. Everything here but `cause` goes to the caller: no secrets. */
export interface NodeErrorOptions {
  /** Stable code in lower snake case, e.g. `city_unknown`; declare it under `errors`. Default `handler_error`. */
  readonly code?: string;
  readonly details?: Record<string, unknown>;
  /** Kept for the executor's log; never sent. */
  readonly cause?: unknown;
}

/** What all errors that a handler throws on purpose have. Known by its `kind`: a pack may bring its own copy of the SDK. */
export abstract class NodeError extends Error {
  abstract readonly kind: 'terminal' | 'retryable' | 'canceled' | 'timeout';
  readonly code: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(message: string, { code = 'handler_error', details, cause }: NodeErrorOptions = {}) {
    super(message, { cause });
    this.code = code;
    this.details = details;
  }

  /** Whether trying again may help. */
  get retryable(): boolean {
    return this.kind === 'retryable' || this.kind === 'timeout';
  }
}

/**
 * The work failed and trying again would fail again.
 *
 * @example throw new TerminalError('There is no city called Atlantis.', { code: 'city_unknown' });
 */
export class TerminalError extends NodeError {
  override readonly name = 'TerminalError';
  readonly kind = 'terminal';
}

/**
 * The work failed now and may succeed later, such as when a service is busy.
 *
 * @example throw new RetryableError('The weather service answered 503.', { code: 'upstream_busy' });
 */
export class RetryableError extends NodeError {
  override readonly name = 'RetryableError';
  readonly kind = 'retryable';
}

/**
 * Somebody outside has withdrawn the work: the node run ends as canceled. When `ctx.signal` fires nothing has to be thrown; the executor
 * knows by itself.
 *
 * @example throw new CanceledError('The customer has withdrawn the order.');
 */
export class CanceledError extends NodeError {
  override readonly name = 'CanceledError';
  readonly kind = 'canceled';

  constructor(message: string, options: NodeErrorOptions = {}) {
    super(message, { code: 'canceled', ...options });
  }
}

/**
 * Something that the handler waited for took too long. The node run fails with `timeout`, and may be repeated.
 *
 * @example throw new TimeoutError('The report was not ready after 30 s.');
 */
export class TimeoutError extends NodeError {
  override readonly name = 'TimeoutError';
  readonly kind = 'timeout';

  constructor(message: string, options: NodeErrorOptions = {}) {
    super(message, { code: 'timeout', ...options });
  }
}
