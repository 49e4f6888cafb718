/** What an error of a handler may tell beside its message. Everything here goes to the caller: no secrets. */
export interface NodeErrorOptions {
  /** Stable code in lower snake case, e.g. `city_unknown`. Default `handler_error`. */
  readonly code?: string;
  readonly details?: Record<string, unknown>;
  /** Kept for the executor's log; never sent. */
  readonly cause?: unknown;
}

/**
 * The work failed and trying again would fail again.
 *
 * @example throw new TerminalError('There is no city called Atlantis.', { code: 'city_unknown' });
 */
export class TerminalError extends Error {
  override readonly name: string = 'TerminalError';
  readonly code: string;
  readonly details: Record<string, unknown> | undefined;
  readonly retryable: boolean = false;

  constructor(message: string, options: NodeErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = options.code ?? 'handler_error';
    this.details = options.details;
  }
}

/**
 * The work failed now and may succeed later, such as when a service is busy.
 *
 * @example throw new RetryableError('The weather service answered 503.', { code: 'upstream_busy' });
 */
export class RetryableError extends Error {
  override readonly name: string = 'RetryableError';
  readonly code: string;
  readonly details: Record<string, unknown> | undefined;
  readonly retryable: boolean = true;

  constructor(message: string, options: NodeErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = options.code ?? 'handler_error';
    this.details = options.details;
  }
}
