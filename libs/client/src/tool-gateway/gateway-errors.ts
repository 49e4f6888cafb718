import { causeOf, excerpt, membersOf, textOf } from '../transport/answer-body.js';
import type { Answer, CallErrors } from '../transport/transport.js';
import { retryAfterOf } from '../transport/retry-after.js';

/** What an error of the gateway carries beside its message. */
export interface GatewayErrorDetails {
  /** HTTP status; undefined when there was no answer. */
  readonly status?: number | undefined;
  /** Code of the gateway's catalogue, or one of this package (`network_error`, `timeout`, `invalid_response` …). */
  readonly code?: string | undefined;
  /** Why a policy denied. */
  readonly reason?: string | undefined;
  readonly details?: unknown;
  /** Whether the same call may succeed later without a change. */
  readonly retryable?: boolean | undefined;
  readonly correlationId?: string | undefined;
  readonly cause?: unknown;
}

/** Anything that went wrong between this client and the tool gateway. */
export class GatewayError extends Error {
  readonly status: number | undefined;
  readonly code: string;
  readonly reason: string | undefined;
  readonly details: unknown;
  readonly retryable: boolean;
  readonly correlationId: string | undefined;

  constructor(message: string, from: GatewayErrorDetails = {}) {
    super(message, from.cause === undefined ? undefined : { cause: from.cause });
    this.name = new.target.name;
    this.status = from.status;
    this.code = from.code ?? 'gateway_error';
    this.reason = from.reason;
    this.details = from.details;
    this.retryable = from.retryable ?? false;
    this.correlationId = from.correlationId;
  }
}

/** The token, the assertion or the agent is not accepted (401; 403 where it is not about a permission or policy). */
export class GatewayAuthError extends GatewayError {}

/** A policy, or what the token permits, forbids the call or its response (403). */
export class GatewayPolicyError extends GatewayError {}

/** Too many calls (429). */
export class GatewayRateLimitError extends GatewayError {
  /** Seconds to wait, rounded up; undefined when the gateway does not say. */
  readonly retryAfter: number | undefined;

  constructor(message: string, from: GatewayErrorDetails & { readonly retryAfter?: number | undefined } = {}) {
    super(message, from);
    this.retryAfter = from.retryAfter;
  }
}

/** The tool behind the gateway failed, was late or is not there (502, 503, 504). */
export class GatewayUpstreamError extends GatewayError {
  /** Seconds to wait, rounded up; undefined when the gateway does not say. */
  readonly retryAfter: number | undefined;

  constructor(message: string, from: GatewayErrorDetails & { readonly retryAfter?: number | undefined } = {}) {
    super(message, from);
    this.retryAfter = from.retryAfter;
  }
}

/** The gateway could not be reached; `cause` says why. */
export class GatewayNetworkError extends GatewayError {}

/** There was no answer in time. Whether the call was carried out is not known. */
export class GatewayTimeoutError extends GatewayNetworkError {}

/** The agent's key or a token cannot be used; nothing was sent. */
export class GatewayTokenError extends GatewayError {}

const POLICY_CODES = new Set(['tool_policy_denied', 'tool_not_permitted', 'tool_response_blocked']);
/** Answers with a status that is otherwise worth another attempt. */
const FINAL_CODES = new Set(['tool_outcome_unknown', 'tool_not_configured']);
const RETRYABLE_STATUSES = new Set([429, 502, 503, 504]);

/** Answers of the gateway's flat errors `{error, code, reason?, details?, correlation_id}`, and of whatever stands before it. */
export const gatewayErrors: CallErrors = {
  refused: (answer) => refused(answer),
  unreadable: ({ status, correlationId, text }) =>
    new GatewayError(`The answer is no JSON: ${excerpt(text)}. Check that the base URL is the tool gateway's.`, {
      status,
      correlationId,
      code: 'invalid_response',
    }),
  unreachable: (cause, correlationId) =>
    new GatewayNetworkError(`The tool gateway cannot be reached: ${causeOf(cause)}.`, {
      code: 'network_error',
      retryable: true,
      correlationId,
      cause,
    }),
  late: (timeoutMs, correlationId) =>
    new GatewayTimeoutError(`The tool gateway did not answer within ${timeoutMs} ms.`, {
      code: 'timeout',
      retryable: true,
      correlationId,
    }),
};

function refused(answer: Answer): GatewayError {
  const { status, headers, body, text } = answer;
  const found = membersOf(body);
  const envelope = membersOf(found['error']);
  const message =
    textOf(found['error']) ?? textOf(envelope['message']) ?? textOf(found['detail']) ?? textOf(found['message']);
  const code = textOf(found['code']) ?? textOf(envelope['code']);
  const details = found['details'] ?? envelope['details'];
  const declared = found['retryable'] ?? envelope['retryable'];
  const from = {
    status,
    code: code ?? `http_${status}`,
    reason: textOf(found['reason']),
    details,
    retryable: typeof declared === 'boolean' ? declared : isRetryable(status, code),
    correlationId: textOf(found['correlation_id']) ?? answer.correlationId,
    retryAfter:
      retryAfterOf(headers) ?? secondsOf(membersOf(details)['retry_after']) ?? secondsOf(found['retry_after']),
  };
  const sentence = message ?? `The answer is ${status}${text.trim() === '' ? '' : `: ${excerpt(text)}`}.`;
  if (status === 429) return new GatewayRateLimitError(sentence, from);
  if (status === 502 || status === 503 || status === 504) return new GatewayUpstreamError(sentence, from);
  if (status === 401) return new GatewayAuthError(sentence, from);
  // Gateways without codes say it in words only.
  const isPolicy = code === undefined ? /polic|scope/i.test(sentence) : POLICY_CODES.has(code);
  if (status === 403) return isPolicy ? new GatewayPolicyError(sentence, from) : new GatewayAuthError(sentence, from);
  if (status === 400 && isPolicy) return new GatewayPolicyError(sentence, from);
  return new GatewayError(sentence, from);
}

function isRetryable(status: number, code: string | undefined): boolean {
  if (code !== undefined && FINAL_CODES.has(code)) return false;
  return RETRYABLE_STATUSES.has(status) || code === 'idempotency_in_progress';
}

function secondsOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.ceil(value) : undefined;
}

/** A success that lacks what it has to have. */
export function malformedAnswer({ status, correlationId }: Answer, lacks: string): GatewayError {
  return new GatewayError(`The answer lacks ${lacks}. Check that the base URL is the tool gateway's.`, {
    status,
    correlationId,
    code: 'invalid_response',
  });
}
