import { causeOf, excerpt, membersOf, textOf } from '../transport/answer-body.js';
import { retryAfterOf } from '../transport/retry-after.js';
import type { Answer, CallErrors } from '../transport/transport.js';

/** What an error of the suite carries beside its message. */
export interface ArpErrorDetails {
  /** Code of the suite's catalogue, or one of this package (`network_error`, `timeout`, `invalid_response` …). */
  readonly code: string;
  /** HTTP status; undefined when there was no answer. */
  readonly status?: number | undefined;
  /** Whether the same request may succeed later without a change. */
  readonly retryable?: boolean | undefined;
  readonly details?: unknown;
  /** `X-Request-Id`: what the service's log has it under. */
  readonly requestId?: string | undefined;
  /** Seconds to wait, rounded up, when the service says. */
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

/** Anything that went wrong between this client and the suite. */
export class ArpError extends Error {
  readonly code: string;
  readonly status: number | undefined;
  readonly retryable: boolean;
  readonly details: unknown;
  readonly requestId: string | undefined;
  readonly retryAfter: number | undefined;

  constructor(message: string, from: ArpErrorDetails) {
    super(message, from.cause === undefined ? undefined : { cause: from.cause });
    this.name = new.target.name;
    this.code = from.code;
    this.status = from.status;
    this.retryable = from.retryable ?? false;
    this.details = from.details;
    this.requestId = from.requestId;
    this.retryAfter = from.retryAfter;
  }
}

/** The request is not as the contract wants it (400 and the like); `details` says where. */
export class ArpInvalidRequestError extends ArpError {}
/** The token is missing or not accepted (401), or does not permit this (403). */
export class ArpAuthError extends ArpError {}
/** There is no such thing, or not for this caller (404). */
export class ArpNotFoundError extends ArpError {}
/** What there is contradicts the request (409). */
export class ArpConflictError extends ArpError {}
/** The service has more to do than it takes on, or is starting or stopping (429, 503). */
export class ArpOverloadedError extends ArpError {}
/** The service could not be reached, or broke off; `cause` says why. */
export class ArpNetworkError extends ArpError {}
/** The authorization server gave no token; `details.error` is what it says, `cause` the rest. */
export class ArpTokenError extends ArpError {}
/** There was no answer in time. Whether the request was carried out is not known. */
export class ArpTimeoutError extends ArpNetworkError {}

/** Answers of the standard's ErrorEnvelope, and of whatever stands before a service. */
export const arpErrors: CallErrors = {
  refused: (answer) => refused(answer),
  unreadable: (answer) =>
    new ArpError(`The answer is no JSON: ${excerpt(answer.text)}. Check that the base URL is the service's.`, {
      code: 'invalid_response',
      status: answer.status,
      requestId: requestIdOf(answer),
    }),
  unreachable: (cause, requestId) =>
    new ArpNetworkError(`The service cannot be reached: ${causeOf(cause)}.`, {
      code: 'network_error',
      retryable: true,
      requestId,
      cause,
    }),
  late: (timeoutMs, requestId) =>
    new ArpTimeoutError(`The service did not answer within ${timeoutMs} ms.`, {
      code: 'timeout',
      retryable: true,
      requestId,
    }),
};

/** A success that lacks what it has to have. */
export function malformedAnswer(answer: Answer, lacks: string): ArpError {
  return new ArpError(`The answer lacks ${lacks}. Check that the base URL is the service's.`, {
    code: 'invalid_response',
    status: answer.status,
    requestId: requestIdOf(answer),
  });
}

function refused(answer: Answer): ArpError {
  const { status, body, text, headers } = answer;
  const found = membersOf(body);
  const error = membersOf(found['error']);
  const declared = error['retryable'];
  const message =
    textOf(error['message']) ?? textOf(found['error']) ?? textOf(found['detail']) ?? textOf(found['message']);
  const Kind = kindOf(status);
  return new Kind(message ?? `The answer is ${status}${text.trim() === '' ? '' : `: ${excerpt(text)}`}.`, {
    code: textOf(error['code']) ?? textOf(found['code']) ?? `http_${status}`,
    status,
    retryable: typeof declared === 'boolean' ? declared : [429, 502, 503, 504].includes(status),
    details: error['details'] ?? found['details'],
    requestId: requestIdOf(answer),
    retryAfter: retryAfterOf(headers),
  });
}

function kindOf(status: number): typeof ArpError {
  if (status === 401 || status === 403) return ArpAuthError;
  if (status === 404) return ArpNotFoundError;
  if (status === 409) return ArpConflictError;
  if (status === 429 || status === 503) return ArpOverloadedError;
  return status >= 400 && status < 500 ? ArpInvalidRequestError : ArpError;
}

function requestIdOf({ headers, correlationId }: Answer): string {
  return headers.get('x-request-id') ?? correlationId;
}
