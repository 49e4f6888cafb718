import { isDeepStrictEqual } from 'node:util';
import type { AdmittedPack } from '../admission/admission.js';
import type { EgressRules } from '../http/egress-rules.js';
import type { JsonObject } from '../json-schema.js';
import { MAX_TIMER_MS } from '../max-timer.js';
import type { ArtifactRef } from '../node-context.js';
import { callEgressOf, callEgressRefusal } from './call-egress.js';
import type { CallFacts, HandlerEnd, HandlerError } from './pack-host.js';
import { inputsRefusal } from './run-node.js';
import type { RunnableNode } from './run-node.js';

/** What `POST /v1/atomic-node-runs:execute` takes. (`atomic_execute_request.schema.json`) */
export interface ExecuteRequest {
  readonly run_id: string;
  readonly node_run_id: string;
  readonly node_type_ref: { readonly node_type_id: string; readonly version: string };
  readonly inputs: JsonObject;
  readonly run_context?: object;
  readonly constraints?: object;
}

/** What `POST /v1/atomic-node-runs:execute` gives. (`atomic_execute_result.schema.json`) */
export interface ExecuteResult {
  readonly node_run_id: string;
  readonly state: 'succeeded' | 'failed' | 'canceled';
  readonly started_at: string;
  readonly ended_at: string;
  readonly outputs?: JsonObject;
  readonly error?: HandlerError;
  readonly output_artifacts?: ArtifactRef[];
  readonly extensions?: JsonObject;
}

/** A node that can be run, of a pack with a version. */
export interface OfferedNode extends RunnableNode {
  readonly pack: AdmittedPack;
}

/** How a node run ended; without usage when its handler did not run. */
export type Ended = Pick<HandlerEnd, 'state'> &
  Partial<Pick<HandlerEnd, 'usage'>> & { readonly outputs?: JsonObject; readonly error?: HandlerError };

/** Whether two requests for the same node run are for the same work. */
export function isSameWork(first: ExecuteRequest, again: ExecuteRequest): boolean {
  return isDeepStrictEqual(workOf(first), workOf(again));
}

/** Why a request cannot be run at all: unknown_node_type, unknown_node_type_version, invalid_constraints, invalid_inputs. */
export function requestRefusal(
  node: OfferedNode | undefined,
  { node_type_ref, inputs, constraints }: ExecuteRequest,
): HandlerError | undefined {
  const { node_type_id, version } = node_type_ref;
  if (node === undefined) {
    const message = `No admitted node pack offers ${node_type_id}.`;
    return { code: 'unknown_node_type', message, retryable: false, details: { node_type_id } };
  }
  const { version: here } = node.pack;
  if (here !== version) {
    const message = `${node_type_id} is here in version ${here}, not ${version}.`;
    const details = { node_type_id, version, available_versions: [here] };
    return { code: 'unknown_node_type_version', message, retryable: false, details };
  }
  return callEgressRefusal(constraints) ?? inputsRefusal(node, inputs);
}

/** How long a node run may take, in milliseconds: what its node type says, else the default; never more than its budget. */
export function timeLimitOf({ manifest }: OfferedNode, request: ExecuteRequest, defaultMs: number): number {
  const own = manifest.timeout_ms ?? defaultMs;
  return Math.min(own, budgetOf(request, 'max_wall_time_ms') ?? own, MAX_TIMER_MS);
}

/**
 * What a handler is told of its call.
 *
 * @throws TypeError for a request that `requestRefusal` refuses
 */
export function callFactsOf(
  { manifest, pack }: OfferedNode,
  request: ExecuteRequest,
  call: {
    /** Milliseconds from now. */
    readonly timeLimit: number;
    readonly egress: Omit<EgressRules, 'declared' | 'call' | 'maxCalls'>;
    readonly traceparent?: string | undefined;
  },
): CallFacts {
  const { run_id, node_run_id, run_context, constraints } = request;
  const maxCalls = budgetOf(request, 'max_external_calls');
  const callEgress = callEgressOf(constraints);
  return {
    runId: run_id,
    nodeRunId: node_run_id,
    nodeTypeId: manifest.id,
    nodeTypeVersion: pack.version,
    deadline: Date.now() + call.timeLimit,
    ...(call.traceparent === undefined ? {} : { traceparent: call.traceparent }),
    ...(run_context === undefined ? {} : { runContext: { ...run_context } }),
    ...(constraints === undefined ? {} : { constraints: { ...constraints } }),
    egress: {
      ...call.egress,
      declared: manifest.egress ?? [],
      ...(callEgress === undefined ? {} : { call: callEgress }),
      ...(maxCalls === undefined ? {} : { maxCalls }),
    },
    ...(manifest.credentials === undefined ? {} : { credentials: manifest.credentials }),
  };
}

/** The answer to a request, as of now. Without keys that have no value. */
export function executeResultOf(
  { node_run_id }: ExecuteRequest,
  startedAt: Date,
  { state, outputs, error, usage }: Ended,
  artifacts: readonly ArtifactRef[],
): ExecuteResult {
  const isFree = usage === undefined || (usage.external_calls === 0 && usage.cost === 0);
  return {
    node_run_id,
    state,
    started_at: startedAt.toISOString(),
    ended_at: new Date().toISOString(),
    ...(outputs === undefined ? {} : { outputs }),
    ...(error === undefined ? {} : { error }),
    ...(artifacts.length === 0 ? {} : { output_artifacts: [...artifacts] }),
    ...(isFree ? {} : { extensions: { 'jarvis.usage': { ...usage } } }),
  };
}

function workOf({ run_id, node_type_ref, inputs }: ExecuteRequest): unknown {
  return [run_id, node_type_ref.node_type_id, node_type_ref.version, inputs];
}

/** Of `constraints.budgets`; what is no number counts as absent. */
function budgetOf({ constraints }: ExecuteRequest, name: string): number | undefined {
  const { budgets } = (constraints ?? {}) as { budgets?: Record<string, unknown> | null };
  const value = budgets?.[name];
  return typeof value === 'number' ? value : undefined;
}
