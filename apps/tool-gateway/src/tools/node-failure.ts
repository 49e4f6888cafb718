import { AppError } from '#contract';
import type { ErrorCode } from '#contract';
import type { ToolAction } from './tool-action.js';

/** Of an error of a node run, what is looked at. Messages and other details may hold what the upstream said, and stay here. */
export interface NodeError {
  readonly code: string;
  readonly retryable?: boolean | undefined;
  readonly details?: Record<string, unknown> | undefined;
}

/** Who has to change something: `caller` his request, `upstream` itself, `nobody`: nothing was found out. */
export type Blame = 'caller' | 'upstream' | 'nobody';

/** Codes with which an idempotent action failed that somebody may repair: it is worth asking again with the same key. */
const PASSING: readonly ErrorCode[] = ['tool_upstream_error', 'tool_upstream_timeout'];

/** A call of a tool that failed on its way to the upstream or there. */
export class ToolFailure extends AppError {
  constructor(
    code: ErrorCode,
    readonly facts: {
      readonly blame: Blame;
      /** The same call may be made again, and may succeed then. */
      readonly mayRepeat: boolean;
      /** False: nothing of it was begun. Default true. */
      readonly wasSent?: boolean;
      readonly details?: Record<string, unknown>;
      readonly message?: string;
      readonly cause?: unknown;
    },
  ) {
    const { details, message, cause } = facts;
    super(code, {
      cause,
      ...(details === undefined ? {} : { details }),
      ...(message === undefined ? {} : { message }),
    });
  }

  /** Whether it is the answer for good: what was asked for may have happened, or will never. */
  isDefinite({ isIdempotent }: Pick<ToolAction, 'isIdempotent'>): boolean {
    const { wasSent, mayRepeat } = this.facts;
    return wasSent !== false && !mayRepeat && !(isIdempotent && PASSING.includes(this.code));
  }
}

const TIMEOUTS = ['timeout', 'http_timeout'];
/** The handler did not tell how far it came: its effect may be there, or come yet. */
const UNCERTAIN = [
  ...TIMEOUTS,
  'http_unreachable',
  'handler_crashed',
  'executor_stopped',
  'execution_uncertain',
  'canceled',
  'handler_error',
  'invalid_outputs',
  'outputs_too_large',
  'response_too_large',
];
/** What the upstream or the pack did, though it would not help to ask again. */
const UPSTREAM = [
  'handler_error',
  'handler_crashed',
  'invalid_outputs',
  'outputs_too_large',
  'response_too_large',
  'too_many_redirects',
  'encoding_unsuitable',
  'content_missing',
  'credential_refused',
  'mock_upstream_missing',
];
/** What upstreams say of the request, by the code that packs have for it. */
const OF_THE_REQUEST = ['upstream_refused', 'invalid_inputs', 'invalid_request', 'invalid_url'];
const UNCONFIGURED = [
  'credential_missing',
  'credential_malformed',
  'credential_not_declared',
  'credential_not_granted',
];
/** What the suite lacks, not the upstream. */
const OURS = [
  'credential_store_unavailable',
  'atomic_executor_unavailable',
  'atomic_executor_unconfigured',
  'unknown_node_type',
  'unknown_node_type_version',
  'unknown_node_kind',
];
const REFUSED: Partial<Record<string, string>> = {
  egress_denied: 'The action may not call this host.',
  node_type_not_allowed: 'The constraints of the run coordinator do not allow this action.',
  node_type_denied: 'The constraints of the run coordinator do not allow this action.',
  side_effect_not_allowed: 'The constraints of the run coordinator do not allow what this action does.',
  budget_exceeded: 'The budget of the call is used up.',
  policy_denied: 'A policy of the run coordinator does not allow this call.',
  approval_denied: 'An approver denied this call.',
  approval_expired: 'Nobody approved this call in time.',
};

/**
 * What an agent is told of a node run that failed. Never a 401, 403 or 429 that is the upstream's: with those a client would get itself a
 * new token, or wait at the wrong place. An upstream that asks to wait is a 502 with `Retry-After`.
 */
export function toolFailureOf(error: NodeError, { isIdempotent }: Pick<ToolAction, 'isIdempotent'>): ToolFailure {
  const { code } = error;
  const details = detailsOf(error);
  const status = details['status'];
  if (UNCONFIGURED.includes(code)) {
    return new ToolFailure('tool_not_configured', { blame: 'nobody', mayRepeat: false, wasSent: false, details });
  }
  if (code === 'outcome_unknown' || (!isIdempotent && UNCERTAIN.includes(code))) {
    return new ToolFailure('tool_outcome_unknown', { blame: 'upstream', mayRepeat: false, details });
  }
  if (TIMEOUTS.includes(code)) {
    return new ToolFailure('tool_upstream_timeout', { blame: 'upstream', mayRepeat: true, details });
  }
  if (OURS.includes(code)) {
    const mayRepeat = error.retryable === true;
    return new ToolFailure('atomic_executor_unavailable', { blame: 'nobody', mayRepeat, wasSent: false, details });
  }
  const refused = REFUSED[code];
  if (refused !== undefined) {
    return new ToolFailure('tool_policy_denied', {
      blame: 'caller',
      mayRepeat: false,
      message: refused,
      details: { ...details, reason: code },
    });
  }
  const isOfUpstream =
    error.retryable === true ||
    code === 'canceled' ||
    UPSTREAM.includes(code) ||
    code.startsWith('upstream_') ||
    (typeof status === 'number' && (status >= 500 || [401, 403, 407, 429].includes(status)));
  if (isOfUpstream && !OF_THE_REQUEST.includes(code)) {
    return new ToolFailure('tool_upstream_error', { blame: 'upstream', mayRepeat: error.retryable === true, details });
  }
  return new ToolFailure('tool_params_invalid', {
    blame: 'caller',
    mayRepeat: false,
    message: `The action refused what it was asked for (${code}).`,
    details,
  });
}

/** An error code of the node, a status, and how long to wait in seconds. */
function detailsOf({ code, details = {} }: NodeError): Record<string, unknown> {
  const { status, retry_after: wait } = details;
  return {
    node_error: code,
    ...(typeof status === 'number' && Number.isInteger(status) ? { status } : {}),
    ...(typeof wait === 'number' && Number.isFinite(wait) && wait >= 0 ? { retry_after: Math.ceil(wait) } : {}),
  };
}
