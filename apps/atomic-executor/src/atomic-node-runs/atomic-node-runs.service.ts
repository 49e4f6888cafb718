import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import {
  callFactsOf,
  executeResultOf,
  handlerError,
  isSameWork,
  outOfTime,
  requestRefusal,
  runNode,
  timeLimitOf,
} from '@arp-jarvis/node-pack-sdk/runtime';
import type { EgressRules, Ended, HandlerEnd } from '@arp-jarvis/node-pack-sdk/runtime';
import { ownerBorder } from '#auth';
import { AppError, AtomicExecutorApi } from '#contract';
import type { AtomicExecuteRequest, AtomicExecuteResult, AtomicNodeRun, NodeType, RequestContext } from '#contract';
import { formatTraceparent, LOGGER, withLogFields } from '#http';
import type { Logger } from '#http';
import type { LoadedNode } from '#node-pack-loader';
import { ArtifactsService } from '../artifacts/artifacts.service.js';
import { NodeCredentials } from '../credentials/node-credentials.service.js';
import { NodePacksService } from '../node-packs/node-packs.service.js';
import { Capacity } from './capacity.js';
import type { CapacityLimits, Gate } from './capacity.js';
import { RememberedResults } from './remembered-results.js';
import { RunningNodeRun } from './running-node-run.js';

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
  readonly egress: Omit<EgressRules, 'declared' | 'call' | 'maxCalls'>;
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
    private readonly credentials: NodeCredentials,
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
    const refusal = requestRefusal(node, request);
    const nodeRun = new RunningNodeRun(request);
    if (node === undefined || refusal !== undefined) {
      return toResult(nodeRun, { state: 'failed', ...(refusal && { error: refusal }) });
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

  /** What waits and what is at work here, as far as the caller may know of it, the oldest first. */
  listAtomicNodeRuns({ principal }: RequestContext): AtomicNodeRun[] {
    const border = ownerBorder(principal);
    return [...this.running.values()]
      .filter(({ owner }) => border === undefined || owner === border)
      .map((nodeRun) => nodeRun.present());
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
    const timeLimit = timeLimitOf(node, request, this.options.defaultTimeoutMs);
    const timer = setTimeout(() => nodeRun.stop('timeout'), timeLimit);
    try {
      const end = await runNode(node, {
        inputs: request.inputs,
        facts: callFactsOf(node, request, {
          timeLimit,
          egress: this.options.egress,
          traceparent: formatTraceparent(ctx.trace),
        }),
        ports: nodeRun.ports(this.logger, this.artifacts, (name) =>
          this.credentials.read(ctx, { pack: node.pack, name, runId: request.run_id, owner: nodeRun.owner }),
        ),
        signal,
      });
      this.logFailure(node, end);
      const result = toResult(nodeRun, signal.reason === 'timeout' ? outOfTime(end, timeLimit) : end);
      this.remembered.add({ request, result });
      return result;
    } finally {
      clearTimeout(timer);
    }
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
  if (isSameWork(first, again)) return true;
  throw new AppError('node_run_id_reused', { details: { node_run_id: again.node_run_id } });
}

function toResult({ request, startedAt, artifacts }: RunningNodeRun, end: Ended): AtomicExecuteResult {
  return executeResultOf(request, startedAt, end, artifacts);
}
