import { TerminalError } from '../errors.js';
import type { JsonObject } from '../json-schema.js';
import type { NodeContext } from '../node-context.js';
import { openNodeContext } from '../runtime/node-context.js';
import type { Usage } from '../runtime/pack-host.js';
import { mockHttp } from './mock-http.js';
import type { HttpMock } from './mock-http.js';
import { recordingPorts } from './recorder.js';
import type { Recorded } from './recorder.js';

/** What a test may say about the context; everything has a default. */
export interface TestContextOverrides {
  readonly runId?: string;
  readonly nodeRunId?: string;
  readonly nodeTypeId?: string;
  readonly nodeTypeVersion?: string;
  /** W3C Trace Context; becomes `ctx.trace`. */
  readonly traceparent?: string;
  /** `ctx.principal` comes of its `tenant_id` and `actor`. */
  readonly runContext?: Readonly<JsonObject>;
  /** `ctx.budgets` comes of its `budgets`. */
  readonly constraints?: Readonly<JsonObject>;
  /** Time until `ctx.budgets.deadline`, in milliseconds. Default 10 000. Nothing is stopped then; abort the controller for that. */
  readonly timeoutMs?: number;
  /** Answers `ctx.http`. Without it a call fails with `egress_denied`. */
  readonly http?: HttpMock;
  /** Artifacts that are there already, by id. */
  readonly artifacts?: Readonly<Record<string, string | Uint8Array>>;
  /** What `ctx.credentials.get` gives, by name. Any other name fails with `credential_missing`. */
  readonly credentials?: Readonly<Record<string, string>>;
}

/** A context for one call of a handler, and what the handler did with it. */
export interface TestContext {
  readonly ctx: NodeContext;
  readonly recorded: Recorded;
  /** Abort it to cancel: `controller.abort('canceled')`. */
  readonly controller: AbortController;
  /** What was spent so far. */
  usage(): Usage;
}

/**
 * The context to call a handler with in a unit test.
 *
 * @example
 * const { ctx, recorded } = createTestContext({ http: () => new Response('{"ok":true}') });
 * assert.deepEqual(await ping.run({}, ctx), { ok: true });
 * assert.equal(recorded.httpCalls.length, 1);
 */
export function createTestContext(overrides: TestContextOverrides = {}): TestContext {
  const { http = unmocked, artifacts, credentials, timeoutMs = 10_000, ...facts } = overrides;
  const controller = new AbortController();
  const { ports, recorded } = recordingPorts(artifacts, credentials);
  const { max_external_calls: maxCalls } = (facts.constraints?.['budgets'] ?? {}) as { max_external_calls?: unknown };
  const opened = openNodeContext(
    {
      runId: 'run-1',
      nodeRunId: 'node-run-1',
      nodeTypeId: 'test.pack.node',
      nodeTypeVersion: '1.0.0',
      ...facts,
      deadline: Date.now() + timeoutMs,
      egress: {
        declared: [],
        block: [],
        allowPrivate: [],
        ...(typeof maxCalls === 'number' ? { maxCalls } : {}),
      },
    },
    ports,
    { signal: controller.signal },
  );
  const { ctx } = opened;
  const client = mockHttp(http, {
    signal: controller.signal,
    onCall: (url, request) => {
      ctx.usage.addExternalCalls();
      recorded.httpCalls.push({ url, request });
    },
  });
  const get = async (name: string): Promise<string> => {
    const secret = await ports.getCredential(name);
    if (secret === undefined) throw noCredential(name);
    return secret;
  };
  return { ctx: { ...ctx, http: client, credentials: { get } }, recorded, controller, usage: () => opened.usage() };
}

const unmocked: HttpMock = (url) => {
  throw new TerminalError(
    `This test has no answer for ${url.href}: give createTestContext an http mock, { http: (url) => new Response('…') }.`,
    { code: 'egress_denied' },
  );
};

function noCredential(name: string): TerminalError {
  return new TerminalError(
    `This test has no credential ${name}: give createTestContext one, { credentials: { '${name}': '…' } }.`,
    { code: 'credential_missing' },
  );
}
