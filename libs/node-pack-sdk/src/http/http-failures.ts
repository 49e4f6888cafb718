import { NodeError, RetryableError, TerminalError } from '../errors.js';
import { wasNeverSent } from './never-sent.js';

/*
 * What callers are told names hosts and codes only: the path, the query and the headers of a request may be secret. The cause is for the
 * executor's log.
 */

export function egressDenied(message: string, cause?: unknown): TerminalError {
  return new TerminalError(message, { code: 'egress_denied', cause });
}

export function invalidUrl(message: string): TerminalError {
  return new TerminalError(message, { code: 'invalid_url' });
}

/** What a request holds beside its URL is wrong. */
export function invalidRequest(message: string): TerminalError {
  return new TerminalError(message, { code: 'invalid_request' });
}

export function tooManyRedirects(host: string, most: number): TerminalError {
  return new TerminalError(
    most === 0
      ? `${host} redirects, and this request follows no redirect.`
      : `Gave up at ${host} after ${most} redirects.`,
    { code: 'too_many_redirects', details: { max_redirects: most } },
  );
}

export function responseTooLarge(host: string, maxBytes: number): TerminalError {
  return new TerminalError(`The answer of ${host} has more than ${maxBytes} bytes.`, {
    code: 'response_too_large',
    details: { max_bytes: maxBytes },
  });
}

export function budgetExceeded(maxCalls: number): TerminalError {
  return new TerminalError(`The budget of ${maxCalls} external calls is spent.`, {
    code: 'budget_exceeded',
    details: { max_external_calls: maxCalls },
  });
}

export function httpTimeout(host: string, timeoutMs: number): RetryableError {
  return new RetryableError(`The answer of ${host} was not complete after ${timeoutMs} ms.`, { code: 'http_timeout' });
}

/**
 * What a failed call is rejected with: why it was aborted when it was, what a check of ours threw when one did, else `http_unreachable`.
 *
 * @param signal of the call
 */
export function callFailure(error: unknown, host: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const { cause } = error as { cause?: { code?: unknown; message?: unknown } };
  if (error instanceof NodeError) return error;
  if (cause instanceof NodeError) return cause;
  // "Port blocking" of the fetch standard; the library has no code for it.
  if (cause?.message === 'bad port') {
    return invalidUrl(`${host} has a port that belongs to another protocol; it is never called.`);
  }
  const code = cause?.code;
  const known = typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? ` (${code})` : '';
  return new RetryableError(`There was no complete answer of ${host}${known}.`, {
    code: 'http_unreachable',
    // Absent: nobody knows.
    ...(wasNeverSent(cause) ? { details: { sent: false } } : {}),
    cause: error,
  });
}
