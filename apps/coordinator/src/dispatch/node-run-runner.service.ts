import { Inject, Injectable, Optional } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, AtomicExecutorApi, NODE_RUN_ERROR_CATALOGUE } from '#contract';
import type {
  AtomicExecuteRequest,
  AtomicExecuteResult,
  NodeKind,
  NodeRunErrorCode,
  RequestContext,
  RunContext,
} from '#contract';
import { continueTrace, isRequestId, LOGGER } from '#http';
import type { Logger } from '#http';
import { PolicyCheckpoint } from '#policy';
import { NodeTypesService } from '../node-types/node-types.service.js';
import type { Outcome } from '../node-runs/node-run-ending.service.js';
import { NodeRunExecutionService } from '../node-runs/node-run-execution.service.js';
import type { HeldNodeRun } from '../node-runs/node-run-execution.service.js';

const DATABASE_RETRY_MIN_MS = 100;
const DATABASE_RETRY_MAX_MS = 2_000;
/** How long a node run waits that the executor had no room for. Nothing of it has run. */
const NO_ROOM_DELAY_MS = 250;
const NO_ROOM: readonly string[] = ['execution_overloaded', 'service_stopping'];

/** Runs one held node run: kind, policy, executor, result. */
@Injectable()
export class NodeRunRunnerService {
  constructor(
    private readonly execution: NodeRunExecutionService,
    private readonly kinds: NodeTypesService,
    private readonly policy: PolicyCheckpoint,
    @Optional() @Inject(AtomicExecutorApi) private readonly executor: AtomicExecutorApi | undefined,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @param stopping ends the waiting for a database that does not answer */
  async run(held: HeldNodeRun, stopping: AbortSignal): Promise<void> {
    const ctx = dispatchContext(held);
    const write = <T>(work: () => Promise<T>) => this.insist(work, stopping);

    const kind = held.nodeRun.kind ?? (await this.resolveKind(ctx, held));
    const obstacle = this.obstacleFor(kind);
    if (kind === undefined || obstacle !== undefined) {
      await write(() => this.execution.refuse(held, failed(obstacle ?? 'unknown_node_kind')));
      return;
    }
    const request = executeRequest(held);
    const decision = await this.policy.decide(ctx, {
      action: 'node.run.execute',
      run_id: request.run_id,
      node_run_id: request.node_run_id,
      node_type_ref: request.node_type_ref,
      ...(request.run_context === undefined ? {} : { run_context: request.run_context }),
      ...(request.constraints === undefined ? {} : { constraints: request.constraints }),
    });
    if (decision.decision !== 'allow') {
      await write(() => this.execution.refuse(held, failed('policy_denied', decision.message), decision));
      return;
    }
    if (!(await write(() => this.execution.begin(held, kind, decision)))) return this.lost();
    const outcome = await this.execute(ctx, request);
    const kept =
      outcome === 'no room'
        ? await write(() => this.execution.release(held, new Date(Date.now() + NO_ROOM_DELAY_MS)))
        : await write(() => this.execution.finish(held, outcome));
    if (!kept) this.lost();
  }

  private async resolveKind(ctx: RequestContext, held: HeldNodeRun): Promise<NodeKind | undefined> {
    const { node_type_id, node_type_version } = held.nodeRun;
    return this.kinds.kindOf(ctx, { node_type_id, version: node_type_version }).catch(() => undefined);
  }

  private obstacleFor(kind: NodeKind | undefined): NodeRunErrorCode | undefined {
    if (kind === 'composite') return 'composite_executor_unconfigured';
    return this.executor === undefined ? 'atomic_executor_unconfigured' : undefined;
  }

  private async execute(ctx: RequestContext, request: AtomicExecuteRequest): Promise<Outcome | 'no room'> {
    try {
      const result = await this.executor?.executeAtomicNodeRun(ctx, request);
      return result === undefined ? failed('atomic_executor_unconfigured') : outcomeOf(result);
    } catch (error) {
      if (error instanceof AppError && NO_ROOM.includes(error.code)) return 'no room';
      this.logger.warn({ err: error }, 'the atomic executor did not answer');
      return failed('atomic_executor_unavailable');
    }
  }

  /** Somebody else ended or took the node run meanwhile; its epoch refused our write. */
  private lost(): void {
    this.logger.info('the node run is no longer held by this process; its result is dropped');
  }

  /** A result in hand is not given up because the database is away: writes are tried until they are answered. */
  private async insist<T>(work: () => Promise<T>, stopping: AbortSignal): Promise<T> {
    for (let pause = DATABASE_RETRY_MIN_MS; ; pause = Math.min(pause * 2, DATABASE_RETRY_MAX_MS)) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'database_unavailable' || stopping.aborted) throw error;
        await sleep(pause, undefined, { signal: stopping }).catch(() => undefined);
      }
    }
  }
}

function executeRequest({ nodeRun, run }: HeldNodeRun): AtomicExecuteRequest {
  return {
    node_run_id: nodeRun.node_run_id,
    run_id: nodeRun.run_id,
    node_type_ref: { node_type_id: nodeRun.node_type_id, version: nodeRun.node_type_version },
    inputs: nodeRun.inputs,
    ...(run.run_context === null ? {} : { run_context: run.run_context }),
    ...(nodeRun.spec.constraints === undefined ? {} : { constraints: nodeRun.spec.constraints }),
  };
}

/** A dispatch goes on with the trace of the request that started the run. */
function dispatchContext({ run }: HeldNodeRun): RequestContext {
  const trace = (run.run_context as RunContext | null)?.trace;
  const traceparent = trace?.trace_id === undefined ? undefined : `00-${trace.trace_id}-${trace.span_id ?? ''}-00`;
  return {
    principal: { subject: 'run-coordinator' },
    trace: continueTrace(traceparent, undefined),
    // The caller wrote this one into the body: it becomes a header only when it can be one.
    requestId: trace?.request_id !== undefined && isRequestId(trace.request_id) ? trace.request_id : run.run_id,
    // A stopping process finishes what it has handed to an executor.
    signal: new AbortController().signal,
  };
}

function outcomeOf(result: AtomicExecuteResult): Outcome {
  const { state, outputs, output_artifacts, error } = result;
  if (state !== 'succeeded' && state !== 'failed' && state !== 'canceled') {
    return failed('handler_error', `The executor answered with the state ${state}, which is not an end.`);
  }
  return {
    state,
    ...(outputs === undefined ? {} : { outputs }),
    ...(output_artifacts === undefined ? {} : { output_artifacts }),
    ...(error === undefined ? {} : { error }),
  };
}

function failed(code: NodeRunErrorCode, message: string = NODE_RUN_ERROR_CATALOGUE[code].message): Outcome {
  return { state: 'failed', error: { code, message, retryable: NODE_RUN_ERROR_CATALOGUE[code].retryable } };
}
