import type { Node } from '../define-node.js';
import { stoppedEnd } from './handler-error.js';
import type { HandlerCall, HandlerEnd, PackHost, StopReason, Usage } from './pack-host.js';
import { runHandler } from './run-handler.js';

/** How packs are run in this process. */
export interface InProcessOptions {
  /** How long a handler that was stopped may take to end, in milliseconds; then it is abandoned: what it still does is dropped. */
  readonly graceMs: number;
  /** Most bytes of outputs as JSON. */
  readonly maxOutputBytes: number;
}

/**
 * Runs handlers in this process: as fast as it gets, and for code that is trusted like the executor's own, since a handler that blocks or
 * ends the process takes everything with it.
 *
 * @param handlers by node id
 */
export function openInProcess(handlers: ReadonlyMap<string, Pick<Node, 'run'>>, options: InProcessOptions): PackHost {
  const closing = new AbortController();
  return {
    isolation: 'in_process',
    handlerIds: [...handlers.keys()],
    run: (call) => runWithin(handlers.get(call.facts.nodeTypeId), call, closing.signal, options),
    close: async () => closing.abort('stopping' satisfies StopReason),
  };
}

async function runWithin(
  handler: Pick<Node, 'run'> | undefined,
  { signal: given, ...call }: HandlerCall,
  closing: AbortSignal,
  { graceMs, maxOutputBytes }: InProcessOptions,
): Promise<HandlerEnd> {
  if (handler === undefined) throw new Error(`this host has no handler for ${call.facts.nodeTypeId}`);
  const signal = AbortSignal.any([given, closing]);
  let spent: Usage = { external_calls: 0, cost: 0 };
  const onUsage = (usage: Usage) => {
    spent = usage;
  };
  const work = runHandler(handler, { ...call, signal, maxOutputBytes, onUsage });
  let abandon: NodeJS.Timeout | undefined;
  const abandoned = new Promise<HandlerEnd>((settle) => {
    const stop = () => {
      abandon = setTimeout(() => settle(stoppedEnd(signal.reason as StopReason, spent)), graceMs);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, abandoned]);
  } finally {
    clearTimeout(abandon);
  }
}
