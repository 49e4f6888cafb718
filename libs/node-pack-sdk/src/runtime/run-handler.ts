import type { Node } from '../define-node.js';
import type { MockUpstream } from '../http/mock-upstream.js';
import type { JsonObject } from '../json-schema.js';
import { handlerError, stoppedEnd, thrownEnd } from './handler-error.js';
import { openNodeContext } from './node-context.js';
import type { CallFacts, CallPorts, HandlerEnd, HandlerError, StopReason, Usage } from './pack-host.js';

/** What a handler is run with. */
export interface HandlerRun {
  readonly inputs: JsonObject;
  readonly facts: CallFacts;
  readonly ports: CallPorts;
  readonly signal: AbortSignal;
  /** Most bytes of the outputs as JSON. */
  readonly maxOutputBytes: number;
  /** Hears of every change of what was spent: whoever stops waiting for the handler knows it then. */
  readonly onUsage?: (usage: Usage) => void;
  /** Answers `ctx.http`. Default: the network. */
  readonly mockUpstream?: MockUpstream;
}

/**
 * Runs one handler to its end, whatever that takes, in the process it is called in. Outputs are what JSON makes of them. When the signal
 * has fired, the end is that it was stopped, whatever the handler made of it.
 */
export async function runHandler(handler: Pick<Node, 'run'>, run: HandlerRun): Promise<HandlerEnd> {
  const { ctx, usage, close } = openNodeContext(run.facts, run.ports, run);
  try {
    const outputs = await handler.run(run.inputs, ctx);
    if (run.signal.aborted) return stoppedEnd(run.signal.reason as StopReason, usage());
    const written = asJson(outputs, run.maxOutputBytes);
    if ('outputs' in written) return { state: 'succeeded', outputs: written.outputs, usage: usage() };
    return { state: 'failed', error: written, usage: usage() };
  } catch (error) {
    if (run.signal.aborted) return stoppedEnd(run.signal.reason as StopReason, usage());
    return thrownEnd(error, usage());
  } finally {
    void close().catch(() => undefined);
  }
}

function asJson(outputs: unknown, maxBytes: number): { outputs: JsonObject } | HandlerError {
  let text: string | undefined;
  try {
    text = JSON.stringify(outputs);
  } catch {
    return handlerError('invalid_outputs', 'The handler returned outputs that cannot be written as JSON.');
  }
  // Asked of the text: a toJSON method may have made something else of an object.
  if (text?.startsWith('{') !== true) {
    return handlerError('invalid_outputs', 'The handler returned no object; outputs are a JSON object.');
  }
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return { outputs: JSON.parse(text) as JsonObject };
  return handlerError(
    'outputs_too_large',
    `The outputs have ${bytes} bytes as JSON; at most ${maxBytes} are kept. Put what is large into an artifact.`,
  );
}
