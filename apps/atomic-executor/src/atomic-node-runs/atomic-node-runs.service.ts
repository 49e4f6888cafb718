import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { handlerError, inputsRefusal, outOfTime, runNode } from '@arp-jarvis/node-pack-sdk/runtime';
import type { CallFacts, EgressRules, HandlerEnd, HandlerError } from '@arp-jarvis/node-pack-sdk/runtime';
import { AppError, AtomicExecutorApi, NODE_RUN_ERROR_CATALOGUE } from '#contract';
import type {
  AtomicExecuteRequest,
  AtomicExecuteResult,
  AtomicNodeRun,
  ErrorDetail,
  NodeRunErrorCode,
  NodeType,
  RequestContext,
} from '#contract';
import { formatTraceparent, LOGGER, withLogFields } from '#http';
import type { Logger } from '#http';
import type { LoadedNode } from '#node-pack-loader';
import { ArtifactsService } from '../artifacts/artifacts.service.js';
import { NodePacksService } from '../node-packs/node-packs.service.js';
import { Capacity } from './capacity.js';
import type { CapacityLimits, Gate } from './capacity.js';
import { RememberedResults } from './remembered-results.js';
import { RunningNodeRun } from './running-node-run.js';

/** Node's timers take no longer time. */
const MAX_TIMER_MS = 2_147_483_647;

/** Injection token of ExecutionOptions. */
export const EXECUTION_OPTIONS = Symbol('execution options');

export interface ExecutionOptions extends CapacityLimits {
  /** For node types that do not say, in milliseconds. */
  readonly defaultTimeoutMs: number;
  /** How long results are remembered, in milliseconds. */
  readonly rememberMs: number;
  /** How long a stopping executor lets node runs end by themselves, in milliseconds. */
  readonly drainMs: number;
  /** Most processes of a pack that has its own. */
  readonly maxProcesses: number;
  /** What the operator lets nodes call. */
  readonly egress: Omit<EgressRules, 'declared' | 'maxCalls'>;
}

/** Runs handlers of node packs. Keeps nothing: the coordinator is the system of record. */
@Injectable()
export class AtomicNodeRunsService extends AtomicExecutorApi implements OnModuleDestroy {
  private readonly running = new Map<string, RunningNodeRun>();
  private readonly capacity: Capacity;
  private readonly remembered: RememberedResults;
  private isStopping = false;

  constructor(
    private readonly packs: NodePacksService,
    private readonly artifacts: ArtifactsService,
    @Inject(EXECUTION_OPTIONS) private readonly options: ExecutionOptions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    super();
    this.capacity = new Capacity(options);
    this.remembered = new RememberedResults(options.rememberMs);
  }

  /** Lets what is at work end, for a while, and stops the rest. */
  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    const ends = Promise.allSettled([...this.running.values()].map(({ result }) => result));
    const timer = setTimeout(() => {
      for (const nodeRun of this.running.values()) nodeRun.stop('stopping');
    }, this.options.drainMs);
    await ends;
    clearTimeout(timer);
  }

  /**
   * Runs the handler of a node type. The same node run asked for again gets the result of the first time, while it runs and for a while
   * after, unless that was a failure that may be repeated.
   *
   * @throws AppError execution_overloaded, service_stopping, node_run_id_reused; every failure of the work itself is a result
   */
  async executeAtomicNodeRun(ctx: RequestContext, request: AtomicExecuteRequest): Promise<AtomicExecuteResult> {
    const { node_run_id, run_id } = request;
    const running = this.running.get(node_run_id);
    if (running !== undefined) return asSame(running.request, request) && running.result;
    const known = this.remembered.find(node_run_id);
    if (known !== undefined) return asSame(known.request, request) && known.result;
    if (this.isStopping) throw new AppError('service_stopping');
    const node = this.packs.find(request.node_type_ref.node_type_id);
    const refusal = refuse(node, request);
    const nodeRun = new RunningNodeRun(request);
    if (node === undefined || refusal !== undefined) {
      return toResult(nodeRun, { state: 'failed', error: refusal ?? nodeRunError('unknown_node_type') });
    }
    nodeRun.result = withLogFields({ run_id, node_run_id }, () => this.whenThereIsRoom(ctx, node, nodeRun)).finally(
      () => this.running.delete(node_run_id),
    );
    this.running.set(node_run_id, nodeRun);
    return nodeRun.result;
  }

  async cancelAtomicNodeRun(_ctx: RequestContext, nodeRunId: string): Promise<void> {
    this.running.get(nodeRunId)?.stop('canceled');
  }

  /** What waits and what is at work here, the oldest first. */
  listAtomicNodeRuns(): AtomicNodeRun[] {
    return [...this.running.values()].map((nodeRun) => nodeRun.present());
  }

  async listNodeTypes(): Promise<NodeType[]> {
    return this.packs.listNodeTypes();
  }

  async ping(): Promise<void> {}

  /** One that is stopped while it waits ends at once, and gives up its place in the queue. */
  private async whenThereIsRoom(
    ctx: RequestContext,
    node: LoadedNode,
    nodeRun: RunningNodeRun,
  ): Promise<AtomicExecuteResult> {
    const waiting = new AbortController();
    let isAtWork = false;
    const stop = () => {
      if (!isAtWork) waiting.abort();
    };
    nodeRun.signal.addEventListener('abort', stop, { once: true });
    try {
      return await this.capacity.run(this.gatesOf(node), waiting.signal, () => {
        isAtWork = true;
        return this.run(ctx, node, nodeRun);
      });
    } catch (error) {
      if (!waiting.signal.aborted || isAtWork) throw error;
      // Nothing of it has run: the coordinator may give it to another.
      if (nodeRun.signal.reason !== 'canceled') throw new AppError('service_stopping');
      const result = toResult(nodeRun, { state: 'canceled', error: handlerError('canceled') });
      this.remembered.add({ request: nodeRun.request, result });
      return result;
    } finally {
      nodeRun.signal.removeEventListener('abort', stop);
    }
  }

  private gatesOf({ pack, host, manifest }: LoadedNode): Gate[] {
    return [
      ...(manifest.max_concurrency === undefined
        ? []
        : [{ name: manifest.id, maxConcurrency: manifest.max_concurrency }]),
      // Each of its processes runs one at a time; who waits for one should hold no place.
      ...(host.isolation === 'process' ? [{ name: pack.packId, maxConcurrency: this.options.maxProcesses }] : []),
    ];
  }

  private async run(ctx: RequestContext, node: LoadedNode, nodeRun: RunningNodeRun): Promise<AtomicExecuteResult> {
    nodeRun.begin();
    const { request, signal } = nodeRun;
    const timeoutMs = this.timeoutOf(node, request);
    const timer = setTimeout(() => nodeRun.stop('timeout'), timeoutMs);
    try {
      const end = await runNode(node, {
        inputs: request.inputs,
        facts: this.factsOf(ctx, node, request, Date.now() + timeoutMs),
        ports: nodeRun.ports(this.logger, this.artifacts),
        signal,
      });
      this.logFailure(node, end);
      const result = toResult(nodeRun, signal.reason === 'timeout' ? outOfTime(end, timeoutMs) : end);
      this.remembered.add({ request, result });
      return result;
    } finally {
      clearTimeout(timer);
    }
  }

  private timeoutOf({ manifest }: LoadedNode, { constraints }: AtomicExecuteRequest): number {
    const own = manifest.timeout_ms ?? this.options.defaultTimeoutMs;
    return Math.min(own, constraints?.budgets?.max_wall_time_ms ?? own, MAX_TIMER_MS);
  }

  private factsOf(
    ctx: RequestContext,
    { manifest, pack }: LoadedNode,
    { run_id, node_run_id, run_context, constraints }: AtomicExecuteRequest,
    deadline: number,
  ): CallFacts {
    const maxCalls = constraints?.budgets?.max_external_calls;
    return {
      runId: run_id,
      nodeRunId: node_run_id,
      nodeTypeId: manifest.id,
      nodeTypeVersion: pack.version,
      deadline,
      traceparent: formatTraceparent(ctx.trace),
      ...(run_context === undefined ? {} : { runContext: { ...run_context } }),
      ...(constraints === undefined ? {} : { constraints: { ...constraints } }),
      egress: {
        ...this.options.egress,
        declared: manifest.egress ?? [],
        ...(maxCalls === undefined ? {} : { maxCalls }),
      },
    };
  }

  private logFailure({ manifest: { id: node_type_id } }: LoadedNode, end: HandlerEnd): void {
    if (end.state !== 'failed') return;
    const { code, details } = end.error;
    if (end.cause !== undefined) this.logger.warn({ err: end.cause, node_type_id, code }, 'the handler failed');
    else if (code === 'invalid_outputs') this.logger.error({ node_type_id, code, details }, end.error.message);
    else this.logger.warn({ node_type_id, code }, end.error.message);
  }
}

/** @throws AppError node_run_id_reused when they are not the same work */
function asSame(first: AtomicExecuteRequest, again: AtomicExecuteRequest): true {
  if (isDeepStrictEqual(workOf(first), workOf(again))) return true;
  throw new AppError('node_run_id_reused', { details: { node_run_id: again.node_run_id } });
}

/** Plain data, whatever classes the requests have. */
function workOf({ run_id, node_type_ref, inputs }: AtomicExecuteRequest): unknown {
  const { node_type_id, version } = node_type_ref;
  return { run_id, node_type_id, version, inputs };
}

/** Why a request cannot be run at all. */
function refuse(
  node: LoadedNode | undefined,
  { node_type_ref, inputs }: AtomicExecuteRequest,
): HandlerError | undefined {
  const { node_type_id, version } = node_type_ref;
  if (node === undefined) {
    return nodeRunError('unknown_node_type', `No admitted node pack offers ${node_type_id}.`, { node_type_id });
  }
  const { version: here } = node.pack;
  if (here !== version) {
    const message = `${node_type_id} is here in version ${here}, not ${version}.`;
    return nodeRunError('unknown_node_type_version', message, { node_type_id, version, available_versions: [here] });
  }
  return inputsRefusal(node, inputs);
}

function nodeRunError(code: NodeRunErrorCode, message?: string, details?: Record<string, unknown>): HandlerError {
  const entry = NODE_RUN_ERROR_CATALOGUE[code];
  return {
    code,
    message: message ?? entry.message,
    retryable: entry.retryable,
    ...(details === undefined ? {} : { details }),
  };
}

type Ended = Pick<HandlerEnd, 'state'> &
  Partial<Pick<HandlerEnd, 'usage'>> & { readonly outputs?: Record<string, unknown>; readonly error?: ErrorDetail };

function toResult({ request, startedAt, artifacts }: RunningNodeRun, end: Ended): AtomicExecuteResult {
  const { usage = { external_calls: 0, cost: 0 } } = end;
  return {
    node_run_id: request.node_run_id,
    state: end.state,
    started_at: startedAt.toISOString(),
    ended_at: new Date().toISOString(),
    ...(end.outputs === undefined ? {} : { outputs: end.outputs }),
    ...(end.error === undefined ? {} : { error: end.error }),
    ...(artifacts.length === 0 ? {} : { output_artifacts: [...artifacts] }),
    ...(usage.external_calls === 0 && usage.cost === 0 ? {} : { extensions: { 'jarvis.usage': { ...usage } } }),
  };
}
