import type { Node, NodeContext } from '@arp-jarvis/node-pack-sdk';
import type { ErrorDetail, NodeRunErrorCode } from '#contract';
import { NODE_RUN_ERROR_CATALOGUE } from '#contract';

/** How a handler ended. */
export type HandlerEnd =
  | { readonly state: 'succeeded'; readonly outputs: Record<string, unknown> }
  | { readonly state: 'failed' | 'canceled'; readonly error: ErrorDetail; readonly cause?: unknown };

type Stop = 'timeout' | 'canceled';

/**
 * One handler at work. It ends when the handler does, or at once when it is stopped: a handler that ignores its signal is
 * abandoned, and what it still does is dropped.
 */
export class Execution {
  private readonly controller = new AbortController();
  private stopped: Stop | undefined;

  constructor(
    private readonly handler: Pick<Node, 'run'>,
    private readonly timeoutMs: number,
  ) {}

  /** @param context everything of the handler's context but the signal */
  async run(inputs: Record<string, unknown>, context: Omit<NodeContext, 'signal'>): Promise<HandlerEnd> {
    const timer = setTimeout(() => this.stop('timeout'), this.timeoutMs);
    const { signal } = this.controller;
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
    });
    try {
      const work = (async () => this.handler.run(inputs, { ...context, signal }))();
      const outputs = await Promise.race([work, aborted]);
      return { state: 'succeeded', outputs };
    } catch (error) {
      if (this.stopped !== undefined) return stoppedEnd(this.stopped);
      return { state: 'failed', error: handlerError(error), cause: error };
    } finally {
      clearTimeout(timer);
    }
  }

  cancel(): void {
    this.stop('canceled');
  }

  private stop(reason: Stop): void {
    this.stopped ??= reason;
    this.controller.abort();
  }
}

/** A catalogue error as a result carries it. */
export function nodeRunError(code: NodeRunErrorCode, message?: string, details?: Record<string, unknown>): ErrorDetail {
  const entry = NODE_RUN_ERROR_CATALOGUE[code];
  return {
    code,
    message: message ?? entry.message,
    retryable: entry.retryable,
    ...(details === undefined ? {} : { details }),
  };
}

function stoppedEnd(reason: Stop): HandlerEnd {
  return { state: reason === 'timeout' ? 'failed' : 'canceled', error: nodeRunError(reason) };
}

/**
 * What the caller hears of a handler's error. The SDK's errors speak for themselves (known by their shape: a pack may bring its
 * own copy of the SDK); of anything else nothing is told, since nobody meant it for a caller.
 */
function handlerError(error: unknown): ErrorDetail {
  if (!(error instanceof Error) || !['TerminalError', 'RetryableError'].includes(error.name)) {
    return nodeRunError('handler_error');
  }
  const { code, details, retryable } = error as Error & { code?: unknown; details?: unknown; retryable?: unknown };
  return {
    code: typeof code === 'string' && /^[a-z][a-z0-9_]{0,63}$/.test(code) ? code : 'handler_error',
    message: error.message,
    retryable: retryable === true,
    ...(typeof details === 'object' && details !== null && !Array.isArray(details)
      ? { details: details as Record<string, unknown> }
      : {}),
  };
}
