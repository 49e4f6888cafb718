import type { HandlerEnd, HandlerError, StopReason, Usage } from './pack-host.js';

/** What a node run can fail with beside what its handler throws on purpose. The error catalogue of the suite has the same. */
export const HANDLER_ERRORS = {
  handler_error: { retryable: false, message: 'The handler failed.' },
  // What an earlier node run has left behind may have ended it; whether it may be repeated the coordinator knows.
  handler_crashed: { retryable: true, message: 'The process of the node pack ended while the node run was at work.' },
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

/**
 * How a node run ends whose handler threw. The SDK's errors speak for themselves (known by their `kind`: a pack may bring its own copy
 * of the SDK); of anything else nothing is told, since nobody meant it for a caller.
 */
export function thrownEnd(error: unknown, usage: Usage): HandlerEnd {
  if (!(error instanceof Error)) return { state: 'failed', error: handlerError('handler_error'), cause: error, usage };
  const { kind, code, details } = error as Error & { kind?: unknown; code?: unknown; details?: unknown };
  if (kind !== 'terminal' && kind !== 'retryable' && kind !== 'canceled' && kind !== 'timeout') {
    return { state: 'failed', error: handlerError('handler_error'), cause: error, usage };
  }
  return {
    state: kind === 'canceled' ? 'canceled' : 'failed',
    error: {
      code: typeof code === 'string' && CODE.test(code) ? code : 'handler_error',
      message: error.message.slice(0, MESSAGE_AT_MOST) || HANDLER_ERRORS.handler_error.message,
      retryable: kind === 'retryable' || kind === 'timeout',
      ...(isJsonObject(details) ? { details } : {}),
    },
    cause: error,
    usage,
  };
}

/** An object that survives the way to the caller. */
function isJsonObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}
