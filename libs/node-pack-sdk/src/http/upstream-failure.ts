import type { DeclaredError } from '../define-node.js';
import { RetryableError, TerminalError } from '../errors.js';
import type { NodeError } from '../errors.js';

/** The errors of `upstreamFailure`, for `errors` of the nodes that throw them. */
export const UPSTREAM_ERRORS = {
  credential_refused: { description: 'The service does not accept the credential.' },
  rate_limited: {
    description:
      'The service has had too many requests for now; details.retry_after is how many seconds to wait, when it told.',
    retryable: true,
  },
  upstream_error: { description: 'The service failed, or answered with what it should not.', retryable: true },
  upstream_refused: { description: 'The service does not do what it was asked; the message says what it said.' },
} as const satisfies Readonly<Record<string, DeclaredError>>;

const SAID_AT_MOST = 500;

/**
 * What an answer of a service that is no success means, by its status: 401 `credential_refused`, 429 `rate_limited`, other 4xx
 * `upstream_refused`, anything else `upstream_error`; with `details.status`, and `details.retry_after` in seconds when it was told.
 *
 * @param service its name, at the beginning of a sentence
 * @param said the sentence that it gave; not passed on with 401, where some quote the credential
 * @example if (!response.ok) throw upstreamFailure('The weather service', response);
 */
export function upstreamFailure(
  service: string,
  response: Pick<Response, 'status' | 'headers'>,
  said?: string,
): NodeError {
  const { status } = response;
  const quoted = said === undefined || said === '' ? '' : `: ${said.slice(0, SAID_AT_MOST)}`;
  const details = { status };
  if (status === 401) {
    return new TerminalError(`${service} does not accept the credential.`, { code: 'credential_refused', details });
  }
  if (status === 429) {
    const retryAfter = retryAfterOf(response);
    return new RetryableError(`${service} has had too many requests${quoted}`, {
      code: 'rate_limited',
      details: { ...details, ...(retryAfter === undefined ? {} : { retry_after: retryAfter }) },
    });
  }
  if (status >= 400 && status < 500) {
    return new TerminalError(`${service} answered ${status}${quoted}`, { code: 'upstream_refused', details });
  }
  return new RetryableError(`${service} answered ${status}${quoted}`, { code: 'upstream_error', details });
}

/** The header retry-after in whole seconds from now, of a number as of a date. */
function retryAfterOf({ headers }: Pick<Response, 'headers'>): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1_000));
}
