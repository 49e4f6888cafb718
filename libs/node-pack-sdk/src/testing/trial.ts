import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Node } from '../define-node.js';
import { createEgressGuard } from '../http/egress-guard.js';
import { MOCK_CREDENTIAL } from '../http/mock-upstream.js';
import type { MockUpstream } from '../http/mock-upstream.js';
import type { JsonObject } from '../json-schema.js';
import type { HandlerEnd } from '../runtime/pack-host.js';
import { runHandler } from '../runtime/run-handler.js';
import { mockHttp } from './mock-http.js';
import type { HttpMock } from './mock-http.js';
import { notJson } from './json-values.js';
import { recordingPorts } from './recorder.js';

/** How a handler may be tried. */
export interface TrialOptions {
  /** Absent, and no mockUpstream: calls of `ctx.http` wait until the node run is stopped, and are told as `usedNetwork`. */
  readonly http: HttpMock | undefined;
  /** Of the pack; answers `ctx.http` where there is no mock. */
  readonly mockUpstream: MockUpstream | undefined;
  /** By name; one that is absent reads as `mock-credential`. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly version: string;
}

/** What became of one call of a handler. */
export interface Trial {
  /** undefined: the handler had not ended `GRACE_MS` after it was stopped. */
  readonly end: HandlerEnd | undefined;
  readonly ms: number;
  /** It called `ctx.http` and there was no mock: nothing can be said about the result. */
  readonly usedNetwork: boolean;
  /** Where the outputs were not JSON; see `notJson`. */
  readonly notJson: string | undefined;
}

/** How long a handler may take to end after it was stopped, in milliseconds. */
export const GRACE_MS = 1_000;
const MAX_OUTPUT_BYTES = 100 * 1024 * 1024;

/** Runs a handler as an executor does, with a context that reaches nothing outside. */
export function runExample(node: Node, inputs: JsonObject, options: TrialOptions): Promise<Trial> {
  return tryHandler(node, inputs, options, async (controller, ended) => {
    const timer = setTimeout(() => controller.abort('timeout'), options.timeoutMs);
    await ended.finally(() => clearTimeout(timer));
  });
}

/** Runs a handler and cancels it as soon as it has begun. `end` is undefined when it goes on nevertheless. */
export async function runAndCancel(
  node: Node,
  inputs: JsonObject,
  options: TrialOptions,
): Promise<'honoured' | 'ended_before' | 'ignored'> {
  let endedBefore = false;
  const { end } = await tryHandler(node, inputs, options, async (controller, ended) => {
    endedBefore = await Promise.race([ended.then(() => true), nextTurn(false)]);
    controller.abort('canceled');
  });
  if (end === undefined) return 'ignored';
  return endedBefore ? 'ended_before' : 'honoured';
}

async function tryHandler(
  node: Node,
  inputs: JsonObject,
  { http, mockUpstream, credentials, timeoutMs, version }: TrialOptions,
  stopWhen: (controller: AbortController, ended: Promise<unknown>) => Promise<void>,
): Promise<Trial> {
  const controller = new AbortController();
  const { signal } = controller;
  const egress = { declared: node.egress ?? [], block: [], allowPrivate: [] };
  const guard = createEgressGuard(egress);
  let usedNetwork = false;
  let changedByJson: string | undefined;
  const handler: Pick<Node, 'run'> = {
    run: async (given, ctx) => {
      const client = mockHttp(http ?? (() => new Promise<never>(() => undefined)), {
        signal,
        onCall: (url) => {
          // With a mock or without, a call that the executor would refuse is refused.
          guard.checkUrl(url);
          ctx.usage.addExternalCalls();
          if (http !== undefined) return;
          usedNetwork = true;
          // Nothing that follows would mean anything.
          controller.abort('stopping');
        },
      });
      const answersItself = http === undefined && mockUpstream !== undefined;
      const outputs = await node.run(given, answersItself ? ctx : { ...ctx, http: client });
      changedByJson = notJson(outputs);
      return outputs;
    },
  };
  const startedAt = performance.now();
  const work = runHandler(handler, {
    inputs: structuredClone(inputs),
    facts: {
      runId: 'run-1',
      nodeRunId: 'node-run-1',
      nodeTypeId: node.id,
      nodeTypeVersion: version,
      deadline: Date.now() + timeoutMs,
      egress,
      ...(node.credentials === undefined ? {} : { credentials: node.credentials }),
    },
    ports: recordingPorts({}, { ...mockCredentials(node), ...credentials }).ports,
    ...(mockUpstream === undefined ? {} : { mockUpstream }),
    signal,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  });
  const ended = work.then(() => undefined);
  let grace: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((settle) => {
    const wait = () => {
      grace = setTimeout(() => settle(undefined), GRACE_MS);
    };
    signal.addEventListener('abort', wait, { once: true });
  });
  const [end] = await Promise.all([Promise.race([work, late]), Promise.race([stopWhen(controller, ended), late])]);
  clearTimeout(grace);
  return { end, ms: Math.round(performance.now() - startedAt), usedNetwork, notJson: changedByJson };
}

function mockCredentials({ credentials = [] }: Node): Record<string, string> {
  return Object.fromEntries(credentials.map((name) => [name, MOCK_CREDENTIAL]));
}
