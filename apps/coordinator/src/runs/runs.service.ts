import { Injectable } from '@nestjs/common';
import { AppError, NODE_RUN_ERROR_CATALOGUE } from '#contract';
import type {
  EventStreamOptions,
  NodeKind,
  PolicyDecision,
  RequestContext,
  RunContext,
  RunEvent,
  RunStartRequest,
  StartRunOptions,
} from '#contract';
import { Database } from '#database';
import { invalidRequest } from '#http';
import { PolicyCheckpoint } from '#policy';
import { NodeKindsService } from '../node-kinds/node-kinds.service.js';
import { NodeRunEndingService } from '../node-runs/node-run-ending.service.js';
import type { Outcome } from '../node-runs/node-run-ending.service.js';
import { NodeRunsService } from '../node-runs/node-runs.service.js';
import type { NewNodeRun } from '../node-runs/node-runs.repository.js';
import { policyDecidedEvent } from '../run-log/policy-decided.event.js';
import type { StoredRun } from '../run-log/run-log.repository.js';
import { RunLogService } from '../run-log/run-log.service.js';
import type { NewRunEvent } from '../run-log/run-log.service.js';
import { isRunTerminal } from '../run-log/run-state.js';
import { bucketOfRun, isRunId, newNodeRunId } from '../sharding/bucket.js';
import { fingerprint } from '../sharding/fingerprint.js';
import { runIdFor } from './run-identity.js';

/** What a caller does with runs: start, read, cancel. */
@Injectable()
export class RunsService {
  constructor(
    private readonly database: Database,
    private readonly runLog: RunLogService,
    private readonly nodeRuns: NodeRunsService,
    private readonly ending: NodeRunEndingService,
    private readonly kinds: NodeKindsService,
    private readonly policy: PolicyCheckpoint,
  ) {}

  /**
   * Starts a run: run, root node run, events and dispatch entry in one transaction. A run that policy refuses is stored too, as
   * failed, so that the refusal is on record. The same `run_id`, or the same idempotency key, with the same request again returns
   * the run.
   *
   * @throws AppError invalid_request, run_already_exists, idempotency_conflict
   */
  async startRun(ctx: RequestContext, request: RunStartRequest, options: StartRunOptions = {}): Promise<StoredRun> {
    if (request.run_id !== undefined && !isRunId(request.run_id)) {
      throw invalidRequest([{ path: 'run_id', message: 'must be 1 to 128 letters, digits, or any of . _ ~ -' }]);
    }
    const { runId, conflict } = runIdFor(request, ctx, options.idempotencyKey);
    const runContext = stampTrace(ctx, request.run_context);
    const decision = await this.policy.decide(ctx, {
      action: 'run.start',
      run_id: runId,
      node_type_ref: request.root_node_type_ref,
      run_context: runContext,
      ...(request.constraints === undefined ? {} : { constraints: request.constraints }),
    });
    const kind = await this.kinds.kindOf(ctx, request.root_node_type_ref).catch(() => undefined);
    const plan = planRun(runId, runContext, request, decision, kind);
    const opened = await this.database.transaction(async (tx) => {
      const run = await this.runLog.open(tx, plan.run, plan.events);
      if (run !== undefined) await this.nodeRuns.createRoot(tx, plan.root, plan.refusal);
      return run;
    });
    if (opened !== undefined) return opened;
    const stored = await this.runLog.get(runId);
    if (stored.request_hash !== plan.run.request_hash) {
      throw new AppError(conflict.code, { details: { ...conflict.details } });
    }
    return stored;
  }

  async getRun(_ctx: RequestContext, runId: string): Promise<StoredRun> {
    return this.runLog.get(runId);
  }

  /** Cancels the run and every open node run in one transaction; executors are told after the commit. */
  async cancelRun(_ctx: RequestContext, runId: string): Promise<StoredRun> {
    await this.database.transaction(async (tx) => {
      const head = await this.runLog.lock(tx, runId);
      if (isRunTerminal(head.state)) return;
      await this.ending.cancelOpen(tx, head);
      await this.runLog.append(tx, head, [{ type: 'run_completed', data: { state: 'canceled' } }], 'canceled');
    });
    return this.runLog.get(runId);
  }

  async streamRunEvents(
    ctx: RequestContext,
    runId: string,
    options: EventStreamOptions,
  ): Promise<AsyncIterable<RunEvent>> {
    return this.runLog.stream(await this.runLog.get(runId), options, ctx.signal);
  }

  async ping(): Promise<void> {
    await this.database.ping();
  }
}

/** The run context as it is kept: with this request's trace where the caller named none, so that what follows can be traced. */
function stampTrace(ctx: RequestContext, given: RunContext | undefined): RunContext {
  return {
    ...given,
    trace: { trace_id: ctx.trace.traceId, span_id: ctx.trace.spanId, request_id: ctx.requestId, ...given?.trace },
  };
}

interface RunPlan {
  readonly run: Parameters<RunLogService['open']>[1];
  readonly root: NewNodeRun;
  readonly events: readonly NewRunEvent[];
  /** Set when policy refused the run. */
  readonly refusal?: Outcome;
}

/** Everything that starting a run writes. */
function planRun(
  runId: string,
  runContext: RunContext,
  request: RunStartRequest,
  decision: PolicyDecision,
  kind: NodeKind | undefined,
): RunPlan {
  const allowed = decision.decision === 'allow';
  const bucket = bucketOfRun(runId);
  const rootId = newNodeRunId(bucket);
  const createdAt = new Date();
  const { constraints, metadata, extensions } = request;
  const completed: NewRunEvent = { type: 'run_completed', data: { state: 'failed' } };
  return {
    ...(allowed ? {} : { refusal: policyDenied(decision) }),
    run: {
      run_id: runId,
      tenant_id: request.run_context?.tenant_id ?? null,
      state: allowed ? 'queued' : 'failed',
      root_node_run_id: rootId,
      created_at: createdAt,
      request_hash: fingerprint({ ...request, run_id: runId }),
      run_context: runContext,
      constraints: constraints ?? null,
      metadata: metadata ?? null,
      extensions: extensions ?? null,
    },
    root: {
      row: {
        bucket,
        node_run_id: rootId,
        run_id: runId,
        parent_node_run_id: null,
        node_type_id: request.root_node_type_ref.node_type_id,
        node_type_version: request.root_node_type_ref.version,
        kind: kind ?? null,
        state: allowed ? 'queued' : 'failed',
        depth: 0,
        epoch: 0,
        owner: null,
        created_at: createdAt,
        started_at: null,
        ended_at: allowed ? null : createdAt,
      },
      documents: {
        inputs: request.input,
        spec: constraints === undefined ? {} : { constraints },
        spec_hash: fingerprint({ node_type_ref: request.root_node_type_ref, inputs: request.input, constraints }),
      },
    },
    events: [
      { type: 'run_started', nodeRunId: rootId, data: { root_node_run_id: rootId } },
      { type: 'node_run_assigned', nodeRunId: rootId, data: { root: true } },
      policyDecidedEvent('run.start', decision, rootId),
      ...(allowed ? [] : [completed]),
    ],
  };
}

function policyDenied({ message }: PolicyDecision): Outcome {
  const { message: otherwise, retryable } = NODE_RUN_ERROR_CATALOGUE.policy_denied;
  return { state: 'failed', error: { code: 'policy_denied', message: message ?? otherwise, retryable } };
}
