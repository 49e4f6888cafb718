import { TerminalError } from '../errors.js';
import type { GuardedHttp } from '../http/guarded-http.js';
import type { MockUpstream } from '../http/mock-upstream.js';
import type { ArtifactOptions, ArtifactRef, NodeContext, NodeTrace, Principal } from '../node-context.js';
import { credentialMissing, credentialNotDeclared } from './credential-errors.js';
import type { CallFacts, CallPorts, Usage } from './pack-host.js';

/** The context of one execution, and what was spent through it. */
export interface OpenContext {
  readonly ctx: NodeContext;
  /** So far. */
  readonly usage: () => Usage;
  /** Ends connections that are still open. */
  readonly close: () => Promise<void>;
}

/** What a context is made of beside the data and the ports of a call. */
export interface ContextOptions {
  readonly signal: AbortSignal;
  /** Hears of every change. */
  readonly onUsage?: (usage: Usage) => void;
  /** Answers `ctx.http`. Default: the network. */
  readonly mockUpstream?: MockUpstream;
}

/** What a handler is given. */
export function openNodeContext(
  facts: CallFacts,
  ports: CallPorts,
  { signal, onUsage, mockUpstream }: ContextOptions,
): OpenContext {
  let externalCalls = 0;
  let cost = 0;
  const usage = (): Usage => ({ external_calls: externalCalls, cost });
  let client: Promise<GuardedHttp> | undefined;
  const open = async (): Promise<GuardedHttp> => {
    // Most nodes never call out: what they do not use costs them no memory (20 MiB in a process of its own).
    const { createGuardedHttp } = await import('../http/guarded-http.js');
    return createGuardedHttp(facts.egress, {
      signal,
      ...(mockUpstream === undefined ? {} : { mockUpstream }),
      ...(facts.traceparent === undefined ? {} : { traceparent: facts.traceparent }),
      onCall: () => {
        externalCalls += 1;
        onUsage?.(usage());
      },
    });
  };
  const { runId, nodeRunId, nodeTypeId, nodeTypeVersion, runContext, constraints } = facts;
  const trace = traceOf(facts.traceparent);
  const ctx: NodeContext = {
    runId,
    nodeRunId,
    nodeTypeId,
    nodeTypeVersion,
    ...(trace === undefined ? {} : { trace }),
    principal: principalOf(runContext),
    budgets: budgetsOf(facts),
    usage: {
      addExternalCalls: (calls = 1) => {
        externalCalls += amount(calls, 'addExternalCalls');
        onUsage?.(usage());
      },
      addCost: (spent) => {
        cost += amount(spent, 'addCost');
        onUsage?.(usage());
      },
    },
    ...(constraints === undefined ? {} : { constraints }),
    ...(runContext === undefined ? {} : { runContext }),
    signal,
    logger: {
      info: (message, fields) => ports.log('info', message, fields),
      warn: (message, fields) => ports.log('warn', message, fields),
      error: (message, fields) => ports.log('error', message, fields),
    },
    progress: (progress) => ports.progress(progress),
    http: { fetch: async (url, request) => (await (client ??= open())).fetch(url, request) },
    artifacts: {
      put: (content, options) => putArtifact(ports, content, options),
      get: async ({ id }) => {
        const content = await ports.getArtifact(id);
        if (content === undefined) {
          throw new TerminalError(`This executor has no artifact ${id}.`, { code: 'artifact_not_found' });
        }
        return content;
      },
    },
    credentials: { get: (name) => readCredential(facts, ports, name) },
  };
  return { ctx, usage, close: async () => (await client)?.close() };
}

function putArtifact(
  ports: CallPorts,
  content: string | Uint8Array,
  { name = 'artifact', mediaType }: ArtifactOptions = {},
): Promise<ArtifactRef> {
  const isText = typeof content === 'string';
  return ports.putArtifact(isText ? Buffer.from(content, 'utf8') : content, {
    name,
    mediaType: mediaType ?? (isText ? 'text/plain; charset=utf-8' : 'application/octet-stream'),
  });
}

async function readCredential({ credentials = [] }: CallFacts, ports: CallPorts, name: string): Promise<string> {
  if (!credentials.includes(name)) throw credentialNotDeclared(String(name));
  const secret = await ports.getCredential(name);
  if (secret === undefined) throw credentialMissing(name);
  return secret;
}

/** Of what a coordinator passed on; a value of another shape counts as absent. */
function principalOf(runContext: CallFacts['runContext']): Principal {
  const { tenant_id: tenantId, actor } = (runContext ?? {}) as { tenant_id?: unknown; actor?: unknown };
  const { type, id } = (actor ?? {}) as { type?: unknown; id?: unknown };
  return {
    ...(typeof tenantId === 'string' ? { tenantId } : {}),
    ...(typeof type === 'string' && typeof id === 'string' ? { actor: { type, id } } : {}),
  };
}

function traceOf(traceparent: string | undefined): NodeTrace | undefined {
  const traceId = /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent ?? '')?.[1];
  return traceparent === undefined || traceId === undefined ? undefined : { traceId, traceparent };
}

function budgetsOf({ deadline, constraints, egress }: CallFacts): NodeContext['budgets'] {
  const { max_cost: maxCost } = (constraints?.['budgets'] ?? {}) as { max_cost?: unknown };
  return {
    deadline: new Date(deadline),
    ...(egress.maxCalls === undefined ? {} : { maxExternalCalls: egress.maxCalls }),
    ...(typeof maxCost === 'number' ? { maxCost } : {}),
  };
}

function amount(value: number, method: string): number {
  if (!Number.isFinite(value) || value < 0) {
    throw new TypeError(`ctx.usage.${method} takes a number that is not negative`);
  }
  return value;
}
