import type { Node } from '../define-node.js';
import { MOCK_CREDENTIAL } from '../http/mock-upstream.js';
import type { MockUpstream } from '../http/mock-upstream.js';
import { stoppedEnd } from './handler-error.js';
import type { CallPorts, HandlerCall, HandlerEnd, PackHost, StopReason, Usage } from './pack-host.js';
import { runHandler } from './run-handler.js';
import { RunningCalls } from './running-calls.js';

/** How packs are run in this process. */
export interface InProcessOptions {
  /** How long a handler that was stopped may take to end, in milliseconds; then it is abandoned: what it still does is dropped. */
  readonly graceMs: number;
  /** Most bytes of outputs as JSON. */
  readonly maxOutputBytes: number;
  /** Answers what handlers call with `ctx.http`; credentials read as `mock-credential` then. Default: the network. */
  readonly mockUpstream?: MockUpstream;
}

/**
 * Runs handlers in this process: as fast as it gets, and for code that is trusted like the executor's own, since a handler that blocks or
 * ends the process takes everything with it.
 *
 * @param handlers by node id
 */
export function openInProcess(handlers: ReadonlyMap<string, Pick<Node, 'run'>>, options: InProcessOptions): PackHost {
  const calls = new RunningCalls();
  return {
    isolation: 'in_process',
    handlerIds: [...handlers.keys()],
    checksSchemas: false,
    run: async (call) => {
      const { nodeTypeId } = call.facts;
      const handler = handlers.get(nodeTypeId);
      if (handler === undefined) throw new Error(`this host has no handler for ${nodeTypeId}`);
      return calls.during(call.signal, (signal) => runWithin(handler, { ...call, signal }, options));
    },
    close: async () => calls.stopAll('stopping'),
  };
}

async function runWithin(
  handler: Pick<Node, 'run'>,
  call: HandlerCall,
  { graceMs, maxOutputBytes, mockUpstream }: InProcessOptions,
): Promise<HandlerEnd> {
  const { signal } = call;
  let spent: Usage = { external_calls: 0, cost: 0 };
  const onUsage = (usage: Usage) => {
    spent = usage;
  };
  let isAbandoned = false;
  const open = portsUntil(call.ports, () => isAbandoned);
  const mock = mockUpstream === undefined ? {} : { mockUpstream };
  const ports = mockUpstream === undefined ? open : { ...open, getCredential: async () => MOCK_CREDENTIAL };
  const work = runHandler(handler, { ...call, ports, maxOutputBytes, onUsage, ...mock });
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
    isAbandoned = true;
    clearTimeout(abandon);
  }
}

/** What an abandoned handler still says is dropped, and what it still wants is refused. */
function portsUntil(ports: CallPorts, isOver: () => boolean): CallPorts {
  const over = () => Promise.reject(new Error('the node run has ended'));
  return {
    log: (...line) => {
      if (!isOver()) ports.log(...line);
    },
    progress: (progress) => {
      if (!isOver()) ports.progress(progress);
    },
    putArtifact: (...artifact) => (isOver() ? over() : ports.putArtifact(...artifact)),
    getArtifact: (id) => (isOver() ? over() : ports.getArtifact(id)),
    getCredential: (name) => (isOver() ? over() : ports.getCredential(name)),
  };
}
