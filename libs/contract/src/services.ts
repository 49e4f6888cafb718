import type { AtomicExecuteRequest } from './atomic-executor/atomic-execute-request.js';
import type { AtomicExecuteResult } from './atomic-executor/atomic-execute-result.js';
import type { CompositeBeginRequest } from './composite-executor/composite-begin-request.js';
import type { CompositeBeginResponse } from './composite-executor/composite-begin-response.js';
import type { NodeType } from './core/node-type.js';
import type { NodeTypeRef } from './core/node-type-ref.js';
import type { Run } from './core/run.js';
import type { RunEvent } from './core/run-event.js';
import type { RequestContext } from './request-context.js';
import type { RunStartRequest } from './run-gateway/run-start-request.js';

/** How to read a stream of run events (beyond the standard, which has no parameters). */
export interface EventStreamOptions {
  /** Only events with a greater `seq`. Default 0: from the first. */
  readonly cursor?: number;
  /** At most this many events. Default: all. */
  readonly limit?: number;
  /** Stay open and deliver events as they are committed, until `run_completed`. Default false. */
  readonly follow?: boolean;
}

/**
 * The run endpoints that the Run Gateway and the Run Coordinator share (run-gateway.openapi.yaml, run-coordinator.openapi.yaml).
 * Implemented by the coordinator itself, by its HTTP client, and by the gateway's memory when it stands alone.
 * All throw `AppError`: `run_not_found`, and `run_coordinator_unavailable` where HTTP is between.
 */
export abstract class RunsApi {
  /** Starts a run; answers when it is durable. */
  abstract startRun(ctx: RequestContext, request: RunStartRequest): Promise<Run>;
  abstract getRun(ctx: RequestContext, runId: string): Promise<Run>;
  /** Cancels a run and its open node runs. Idempotent: a run that has ended is returned as it is. */
  abstract cancelRun(ctx: RequestContext, runId: string): Promise<Run>;
  /** Events in the order of `seq`. Rejects before the first event when the run is unknown. */
  abstract streamRunEvents(
    ctx: RequestContext,
    runId: string,
    options: EventStreamOptions,
  ): Promise<AsyncIterable<RunEvent>>;
  /** Resolves when the implementation can serve; rejects with an `AppError` that says what is wrong. */
  abstract ping(ctx: RequestContext): Promise<void>;
}

/** The Atomic Executor (atomic-executor.openapi.yaml). Implemented by the executor itself and by its HTTP client. */
export abstract class AtomicExecutorApi {
  /** Runs the handler of a node type. A handler's failure is a result with state `failed`, never a rejection. */
  abstract executeAtomicNodeRun(ctx: RequestContext, request: AtomicExecuteRequest): Promise<AtomicExecuteResult>;
  /** Asks a running handler to stop. Unknown ids are accepted: there is nothing left to stop. */
  abstract cancelAtomicNodeRun(ctx: RequestContext, nodeRunId: string): Promise<void>;
  /** The node types this executor can run (beyond the standard). */
  abstract listNodeTypes(ctx: RequestContext): Promise<NodeType[]>;
  /** Resolves when the executor can serve. */
  abstract ping(ctx: RequestContext): Promise<void>;
}

/**
 * The Composite Executor (composite-executor.openapi.yaml). It reports to the coordinator by itself, after the answer to `begin`.
 * All throw `AppError` composite_executor_unavailable where HTTP is between.
 */
export abstract class CompositeExecutorApi {
  /** Hands over a node run. `accepted: false` is an answer, not a rejection. The same node run again is not begun twice. */
  abstract beginCompositeNodeRun(ctx: RequestContext, request: CompositeBeginRequest): Promise<CompositeBeginResponse>;
  /** Asks for a node run to be stopped. Unknown ids are accepted: there is nothing left to stop. */
  abstract cancelCompositeNodeRun(ctx: RequestContext, nodeRunId: string): Promise<void>;
  /** Resolves when the executor can serve. */
  abstract ping(ctx: RequestContext): Promise<void>;
}

/** Names a node type; without a version the latest. */
export type NodeTypeQuery = Pick<NodeTypeRef, 'node_type_id'> & Partial<Pick<NodeTypeRef, 'version'>>;

/** What others ask of the Node Registry (node-registry.openapi.yaml). Throws `AppError` node_registry_unavailable. */
export abstract class NodeRegistryApi {
  /** @returns undefined when the registry has no such node type, or not in this version */
  abstract getNodeType(ctx: RequestContext, ref: NodeTypeQuery): Promise<NodeType | undefined>;
  /** Resolves when the registry can serve. */
  abstract ping(ctx: RequestContext): Promise<void>;
}
