import { isDeepStrictEqual } from 'node:util';
import type { ArtifactRef } from '../../node-context.js';
import type { CallFacts, HandlerEnd, HandlerError, StopReason } from '../../runtime/pack-host.js';
import { outOfTime } from '../../runtime/handler-error.js';
import { inputsRefusal, runNode } from '../../runtime/run-node.js';
import { recordingPorts } from '../../testing/recorder.js';
import type { Output } from '../output.js';
import { RequestError } from './execute-request.js';
import type { ExecuteRequest } from './execute-request.js';
import { nodeTypesOf } from './loaded-packs.js';
import type { DevNode, LoadedPacks } from './loaded-packs.js';

/** What `POST /v1/atomic-node-runs:execute` gives. (`atomic_execute_result.schema.json`) */
export interface ExecuteResult {
  readonly node_run_id: string;
  readonly state: 'succeeded' | 'failed' | 'canceled';
  readonly started_at: string;
  readonly ended_at: string;
  readonly outputs?: Record<string, unknown>;
  readonly error?: HandlerError;
  readonly output_artifacts?: readonly ArtifactRef[];
  readonly extensions?: Record<string, unknown>;
}

interface AtWork {
  readonly request: ExecuteRequest;
  readonly controller: AbortController;
  readonly packs: LoadedPacks;
  readonly result: Promise<ExecuteResult>;
}

/** Node's timers take no longer time. */
const MAX_TIMER_MS = 2_147_483_647;
const TIMEOUT_MS = 120_000;
/** How long node runs that began before a reload may go on, in milliseconds. */
const RETIRE_MS = 5_000;

/**
 * Executes node runs as an executor does, with packs that can be exchanged. It differs in one thing: it forgets results, so that the same
 * request runs the new code.
 */
export class DevExecutor {
  private packs: LoadedPacks | undefined;
  private readonly atWork = new Map<string, AtWork>();
  private readonly retiring = new Set<Promise<void>>();

  constructor(private readonly output: Output) {}

  get loaded(): LoadedPacks | undefined {
    return this.packs;
  }

  /** From now on these packs are used. Node runs of the ones before go on for a while. */
  use(packs: LoadedPacks): void {
    const before = this.packs;
    this.packs = packs;
    if (before === undefined) return;
    const retired = this.retire(before).finally(() => this.retiring.delete(retired));
    this.retiring.add(retired);
  }

  nodeTypes(): unknown[] {
    return this.packs === undefined ? [] : nodeTypesOf(this.packs);
  }

  /** @throws RequestError node_run_id_reused */
  async execute(request: ExecuteRequest, traceparent?: string): Promise<ExecuteResult> {
    const same = this.atWork.get(request.node_run_id);
    if (same !== undefined) {
      if (isDeepStrictEqual(workOf(same.request), workOf(request))) return same.result;
      const details = { node_run_id: request.node_run_id };
      throw new RequestError(409, 'node_run_id_reused', 'This node run id belongs to other work.', details);
    }
    const startedAt = new Date();
    const { packs } = this;
    const node = packs?.nodes.get(request.node_type_ref.node_type_id);
    const refusal = refuse(node, request);
    if (packs === undefined || node === undefined || refusal !== undefined) {
      return this.told(
        request,
        resultOf(request, startedAt, { state: 'failed', ...(refusal && { error: refusal }) }, []),
      );
    }
    const controller = new AbortController();
    const result = this.run(node, request, controller, startedAt, traceparent).finally(() =>
      this.atWork.delete(request.node_run_id),
    );
    this.atWork.set(request.node_run_id, { request, controller, packs, result });
    return result;
  }

  cancel(nodeRunId: string): void {
    this.atWork.get(nodeRunId)?.controller.abort('canceled' satisfies StopReason);
  }

  /** Stops what is at work and ends the processes. */
  async close(): Promise<void> {
    await Promise.all([this.packs?.close(), ...[...this.atWork.values()].map(({ packs }) => packs.close())]);
    await Promise.all(this.retiring);
  }

  private async retire(packs: LoadedPacks): Promise<void> {
    const results = [...this.atWork.values()].filter((one) => one.packs === packs).map(({ result }) => result);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((settle) => {
      timer = setTimeout(settle, RETIRE_MS);
    });
    await Promise.race([Promise.allSettled(results), late]);
    clearTimeout(timer);
    await packs.close();
  }

  private async run(
    node: DevNode,
    request: ExecuteRequest,
    controller: AbortController,
    startedAt: Date,
    traceparent: string | undefined,
  ): Promise<ExecuteResult> {
    const { max_wall_time_ms, max_external_calls } = budgetsOf(request);
    const timeoutMs = Math.min(node.manifest.timeout_ms ?? TIMEOUT_MS, max_wall_time_ms ?? Infinity, MAX_TIMER_MS);
    const timer = setTimeout(() => controller.abort('timeout' satisfies StopReason), timeoutMs);
    const { ports, recorded } = recordingPorts();
    const facts: CallFacts = {
      runId: request.run_id,
      nodeRunId: request.node_run_id,
      nodeTypeId: node.manifest.id,
      nodeTypeVersion: node.pack.version,
      deadline: Date.now() + timeoutMs,
      ...(traceparent === undefined ? {} : { traceparent }),
      ...(request.run_context === undefined ? {} : { runContext: request.run_context }),
      ...(request.constraints === undefined ? {} : { constraints: request.constraints }),
      egress: {
        declared: node.manifest.egress ?? [],
        block: [],
        allowPrivate: [],
        ...(max_external_calls === undefined ? {} : { maxCalls: max_external_calls }),
      },
    };
    const say = (what: string) => this.output.line(`     ${request.node_run_id} ${what}`);
    const end = await runNode(node, {
      inputs: request.inputs,
      facts,
      signal: controller.signal,
      ports: {
        ...ports,
        log: (level, message, fields) => {
          say(`${level}: ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`);
        },
        progress: (progress) => say(`progress: ${JSON.stringify(progress)}`),
      },
    });
    clearTimeout(timer);
    const artifacts = recorded.artifacts.map(({ ref }) => ref);
    const said = controller.signal.reason === 'timeout' ? outOfTime(end, timeoutMs) : end;
    return this.told(request, resultOf(request, startedAt, said, artifacts), end);
  }

  /** One line for each node run; what made a handler fail is told here only, as an executor does. */
  private told(request: ExecuteRequest, result: ExecuteResult, end?: HandlerEnd): ExecuteResult {
    const { state, error, started_at, ended_at } = result;
    const what = `${request.node_type_ref.node_type_id} ${request.node_run_id}`;
    if (error === undefined) {
      this.output.marked('ok', `${what} ${state} in ${Date.parse(ended_at) - Date.parse(started_at)} ms`);
    } else {
      const cause = end !== undefined && end.state !== 'succeeded' ? causeOf(end.cause) : '';
      this.output.marked('fail', `${what} ${state}: ${error.code}: ${error.message}${cause}`);
    }
    return result;
  }
}

/** Why a request cannot be run at all. */
function refuse(node: DevNode | undefined, { node_type_ref, inputs }: ExecuteRequest): HandlerError | undefined {
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
  return inputsRefusal(node, inputs);
}

function budgetsOf({ constraints }: ExecuteRequest): { max_wall_time_ms?: number; max_external_calls?: number } {
  const budgets = (constraints?.['budgets'] ?? {}) as Record<string, unknown>;
  const numbers = ['max_wall_time_ms', 'max_external_calls'].filter((name) => typeof budgets[name] === 'number');
  return Object.fromEntries(numbers.map((name) => [name, budgets[name]]));
}

function workOf({ run_id, node_type_ref, inputs }: ExecuteRequest): unknown {
  return [run_id, node_type_ref.node_type_id, node_type_ref.version, inputs];
}

type Ended = Pick<HandlerEnd, 'state'> &
  Partial<Pick<HandlerEnd, 'usage'>> & { readonly outputs?: Record<string, unknown>; readonly error?: HandlerError };

function resultOf(
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
    ...(artifacts.length === 0 ? {} : { output_artifacts: artifacts }),
    ...(isFree ? {} : { extensions: { 'jarvis.usage': { ...usage } } }),
  };
}

/** What happened and where, in one line. */
function causeOf(cause: unknown): string {
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : typeof cause === 'string' ? cause : '';
  const [what = '', ...rest] = text.split('\n');
  const where = rest.find((line) => /^\s+at /.test(line) && !/node_modules|node:internal/.test(line));
  return what === '' ? '' : ` (${what}${where === undefined ? '' : `, ${where.trim()}`})`;
}
