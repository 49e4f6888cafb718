import type { NodeErrorKind } from '../errors.js';
import type { HandlerEnd, HandlerError, StopReason, Usage } from './pack-host.js';

/** What a node run can fail with beside what its handler throws on purpose. The error catalogue of the suite has the same. */
export const HANDLER_ERRORS = {
  handler_error: { retryable: false, message: 'The handler failed.' },
  // What an earlier node run has left behind may have ended it; whether it may be repeated the coordinator knows.
  handler_crashed: { retryable: true, message: 'The process of the node pack ended while the node run was at work.' },
  invalid_constraints: { retryable: false, message: 'The constraints of the call cannot be followed as they are.' },
  invalid_inputs: { retryable: false, message: 'The inputs do not match the input schema of the node type.' },
  invalid_outputs: {
    retryable: false,
    message: 'The handler returned outputs that do not match its output schema.',
  },
  outputs_too_large: { retryable: false, message: 'The outputs are larger than this installation keeps.' },
  timeout: { retryable: true, message: 'The node run took longer than it may.' },
  canceled: { retryable: false, message: 'The node run was canceled.' },
  executor_stopped: { retryable: true, message: 'The executor was stopped while the node run was at work.' },
} as const satisfies Record<string, Omit<HandlerError, 'code'>>;

export type HandlerErrorCode = keyof typeof HANDLER_ERRORS;

const KINDS: readonly NodeErrorKind[] = ['terminal', 'retryable', 'canceled', 'timeout'];
const MESSAGE_AT_MOST = 2_000;
const CODE = /^[a-z][a-z0-9_]{0,63}$/;

/** An error of the table above. */
export function handlerError(code: HandlerErrorCode, message?: string): HandlerError {
  return { code, ...HANDLER_ERRORS[code], ...(message === undefined ? {} : { message }) };
}

/** How a node run ends that was stopped. */
export function stoppedEnd(reason: StopReason, usage: Usage): HandlerEnd {
  if (reason === 'canceled') return { state: 'canceled', error: handlerError('canceled'), usage };
  return {
    state: 'failed',
    error: handlerError(reason === 'timeout' ? 'timeout' : 'executor_stopped'),
    usage,
  };
}

/** The end of a node run that was stopped for its time, with the time that it had: the author's, the executor's or that of a budget. */
export function outOfTime(end: HandlerEnd, timeoutMs: number): HandlerEnd {
  if (end.state !== 'failed' || end.error.code !== 'timeout') return end;
  return { ...end, error: { ...end.error, message: `The node run took longer than the ${timeoutMs} ms that it may.` } };
}

/**
 * How a node run ends whose handler threw. The SDK's errors speak for themselves (known by their `kind`: a pack may bring its own copy
 * of the SDK); of anything else nothing is told, since nobody meant it for a caller.
 */
export function thrownEnd(error: unknown, usage: Usage): HandlerEnd {
  const said = saidOnPurpose(error);
  if (said === undefined) return { state: 'failed', error: handlerError('handler_error'), cause: error, usage };
  const { kind, code, message, details } = said;
  return {
    state: kind === 'canceled' ? 'canceled' : 'failed',
    error: {
      code: typeof code === 'string' && CODE.test(code) ? code : 'handler_error',
      message:
        (typeof message === 'string' ? message.slice(0, MESSAGE_AT_MOST) : '') || HANDLER_ERRORS.handler_error.message,
      retryable: kind === 'retryable' || kind === 'timeout',
      ...(details === undefined ? {} : { details }),
    },
    cause: error,
    usage,
  };
}

interface Said {
  readonly kind: NodeErrorKind;
  readonly code: unknown;
  readonly message: unknown;
  readonly details: Record<string, unknown> | undefined;
}

/** What an error of the SDK says; undefined of anything else. Reading it may run code of the pack, which may throw. */
function saidOnPurpose(error: unknown): Said | undefined {
  try {
    if (!(error instanceof Error)) return undefined;
    const { kind, code, message, details } = error as Error & Record<'kind' | 'code' | 'details', unknown>;
    const known = KINDS.find((one) => one === kind);
    return known === undefined ? undefined : { kind: known, code, message, details: asJsonObject(details) };
  } catch {
    return undefined;
  }
}

/** As it will arrive at the caller; undefined when it is no object there. */
function asJsonObject(value: unknown): Record<string, unknown> | undefined {
  try {
    const written: unknown = JSON.parse(JSON.stringify(value));
    return typeof written === 'object' && written !== null && !Array.isArray(written)
      ? (written as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
