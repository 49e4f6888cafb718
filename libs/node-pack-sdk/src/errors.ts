/** What an error of a handler may tell beside its message. Everything here but `cause` goes to the caller: no secrets. */
export interface NodeErrorOptions {
  /** Stable code in lower snake case, e.g. `city_unknown`; declare it under `errors`. Default `handler_error`. */
  readonly code?: string;
  readonly details?: Record<string, unknown>;
  /** Kept for the executor's log; never sent. */
  readonly cause?: unknown;
}

/** What becomes of a node run whose handler threw: it failed for good, it failed and may be repeated, it ended as canceled, or it took too long. */
export type NodeErrorKind = 'terminal' | 'retryable' | 'canceled' | 'timeout';

/**
 * What all errors that a handler throws on purpose are. Known by its `kind`: a pack may bring its own copy of the SDK.
 *
 * @example if (error instanceof NodeError && error.retryable) …
 */
export class NodeError extends Error {
  readonly kind: NodeErrorKind;
  readonly code: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(kind: NodeErrorKind, message: string, { code = 'handler_error', details, cause }: NodeErrorOptions = {}) {
    super(message, { cause });
    this.kind = kind;
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

  constructor(message: string, options: NodeErrorOptions = {}) {
    super('terminal', message, options);
  }
}

/**
 * The work failed now and may succeed later, such as when a service is busy.
 *
 * @example throw new RetryableError('The weather service answered 503.', { code: 'upstream_busy' });
 */
export class RetryableError extends NodeError {
  override readonly name = 'RetryableError';

  constructor(message: string, options: NodeErrorOptions = {}) {
    super('retryable', message, options);
  }
}

/**
 * Somebody outside has withdrawn the work: the node run ends as canceled. When `ctx.signal` fires nothing has to be thrown; the executor
 * knows by itself.
 *
 * @example throw new CanceledError('The customer has withdrawn the order.');
 */
export class CanceledError extends NodeError {
  override readonly name = 'CanceledError';

  constructor(message: string, options: NodeErrorOptions = {}) {
    super('canceled', message, { code: 'canceled', ...options });
  }
}

/**
 * Something that the handler waited for took too long. The node run fails with `timeout`, and may be repeated.
 *
 * @example throw new TimeoutError('The report was not ready after 30 s.');
 */
export class TimeoutError extends NodeError {
  override readonly name = 'TimeoutError';

  constructor(message: string, options: NodeErrorOptions = {}) {
    super('timeout', message, { code: 'timeout', ...options });
  }
}
