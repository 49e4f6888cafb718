import type { Approval, ApprovalState } from './approvals/approval.js';
import type { ApprovalDecisionRequest } from './approvals/approval-decision-request.js';
import type { ApprovalList } from './approvals/approval-list.js';
import type { AtomicExecuteRequest } from './atomic-executor/atomic-execute-request.js';
import type { AtomicExecuteResult } from './atomic-executor/atomic-execute-result.js';
import type { CompositeBeginRequest } from './composite-executor/composite-begin-request.js';
import type { CompositeBeginResponse } from './composite-executor/composite-begin-response.js';
import type { NodeKind } from './core/node-kind.js';
import type { NodeRunState } from './core/node-run-state.js';
import type { NodeType } from './core/node-type.js';
import type { NodeTypeRef } from './core/node-type-ref.js';
import type { Run } from './core/run.js';
import type { RunEvent } from './core/run-event.js';
import type { RunState } from './core/run-state.js';
import type { NodeRunList } from './listings/node-run-list.js';
import type { RunList } from './listings/run-list.js';
import type { PolicyDecision } from './core/policy-decision.js';
import type { PolicyDecisionRequest } from './pdp/policy-decision-request.js';
import type { RequestContext } from './request-context.js';
import type { RunStartRequest } from './run-gateway/run-start-request.js';
import type { Credential } from './tool-gateway/credential.js';
import type { CredentialQuery } from './tool-gateway/credential-query.js';

/** How to read a stream of run events (beyond the standard, which has no parameters). */
export interface EventStreamOptions {
  /** Only events with a greater `seq`. Default 0: from the first. */
  readonly cursor?: number;
  /** At most this many events. Default: all. */
  readonly limit?: number;
  /** Stay open and deliver events as they are committed, until `run_completed`. Default false. */
  readonly follow?: boolean;
}

/** What may come with a start beside the request (beyond the standard). */
export interface StartRunOptions {
  /**
   * The caller's name for this start, 1 to 255 visible ASCII characters: the same key with the same request is the same run. A
   * `run_id` in the request decides alone.
   */
  readonly idempotencyKey?: string;
}

/** Which page of a listing. */
interface PageOptions {
  /** Most items on the page, 1 to 500. Default 50. */
  readonly limit?: number;
  /** `next_page_token` of the page before, asked for with the same filters. Default: the first page. */
  readonly pageToken?: string;
}

/** Which runs to list; what is absent does not restrict. */
export interface RunListOptions extends PageOptions {
  readonly states?: readonly RunState[];
  /** Node type id of the root node run. */
  readonly nodeTypeId?: string;
  /** Only runs created at this time or later: UTC with microseconds, `2026-01-31T12:00:00.000000Z`. */
  readonly createdAfter?: string;
  /** Only runs created before this time, in the same form. */
  readonly createdBefore?: string;
}

/** Which node runs of a run to list; what is absent does not restrict. */
export interface NodeRunListOptions extends PageOptions {
  readonly states?: readonly NodeRunState[];
  readonly nodeTypeId?: string;
  readonly parentNodeRunId?: string;
  /** A node run whose kind is not known yet is of neither. */
  readonly kind?: NodeKind;
}

/**
 * The run endpoints that the Run Gateway and the Run Coordinator share (run-gateway.openapi.yaml, run-coordinator.openapi.yaml,
 * and the listings, which are beyond the standard).
 * Implemented by the coordinator itself, by its HTTP client, and by the gateway's memory when it stands alone.
 * All throw `AppError`: `run_not_found`, and `run_coordinator_unavailable` where HTTP is between.
 */
export abstract class RunsApi {
  /** Starts a run; answers when it is durable. Rejects with `run_already_exists` or, for a key, `idempotency_conflict`. */
  abstract startRun(ctx: RequestContext, request: RunStartRequest, options?: StartRunOptions): Promise<Run>;
  abstract getRun(ctx: RequestContext, runId: string): Promise<Run>;
  /** Runs, newest first, a page at a time. Rejects with `invalid_request` at `page_token` for a token that is not of this listing. */
  abstract listRuns(ctx: RequestContext, options: RunListOptions): Promise<RunList>;
  /** The node runs of a run, oldest first, a page at a time. Rejects like `listRuns`, and when the run is unknown. */
  abstract listNodeRuns(ctx: RequestContext, runId: string, options: NodeRunListOptions): Promise<NodeRunList>;
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

/** Which approvals to list; what is absent does not restrict. */
export interface ApprovalListOptions extends PageOptions {
  readonly states?: readonly ApprovalState[];
  readonly runId?: string;
}

/** What a person can decide. */
export type ApprovalVerdict = Extract<ApprovalState, 'approved' | 'denied'>;

/**
 * The approvals of runs (beyond the standard). Implemented by the coordinator itself and by its HTTP client.
 * All throw `AppError`: `approval_not_found`, and `run_coordinator_unavailable` where HTTP is between.
 */
export abstract class ApprovalsApi {
  /** Approvals, newest first, a page at a time. */
  abstract listApprovals(ctx: RequestContext, options: ApprovalListOptions): Promise<ApprovalList>;
  abstract getApproval(ctx: RequestContext, approvalId: string): Promise<Approval>;
  /** The first decision stands: rejects with `approval_decided`, but for the same decision of the same person again. */
  abstract decideApproval(
    ctx: RequestContext,
    approvalId: string,
    verdict: ApprovalVerdict,
    request: ApprovalDecisionRequest,
  ): Promise<Approval>;
}

/** What may come with an execution beside the request. It stays with the caller: nothing of it is sent. */
export interface AtomicExecuteOptions {
  /**
   * How long the answer may take, in milliseconds, 1 to 2,147,483,647, where the implementation waits less by itself. Default: as long
   * as it waits by itself. An executor in this process is waited for without a limit.
   */
  readonly timeoutMs?: number;
}

/** The Atomic Executor (atomic-executor.openapi.yaml). Implemented by the executor itself and by its HTTP client. */
export abstract class AtomicExecutorApi {
  /** Runs the handler of a node type. A handler's failure is a result with state `failed`, never a rejection. */
  abstract executeAtomicNodeRun(
    ctx: RequestContext,
    request: AtomicExecuteRequest,
    options?: AtomicExecuteOptions,
  ): Promise<AtomicExecuteResult>;
  /** Asks a running handler to stop. Unknown ids are accepted: there is nothing left to stop. */
  abstract cancelAtomicNodeRun(ctx: RequestContext, nodeRunId: string): Promise<void>;
  /** The node types this executor can run; undefined when it does not tell (a list is beyond the standard). */
  abstract listNodeTypes(ctx: RequestContext): Promise<NodeType[] | undefined>;
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

/** A policy decision point (pdp.openapi.yaml). Implemented by the service itself and by its HTTP client. */
export abstract class PolicyDecisionApi {
  /**
   * Rejects with `pdp_unavailable` where HTTP is between, and when what it must know of a node type cannot be had: node_registry_unavailable,
   * atomic_executor_unavailable.
   */
  abstract decidePolicy(ctx: RequestContext, request: PolicyDecisionRequest): Promise<PolicyDecision>;
  /** Resolves when it can serve. */
  abstract ping(ctx: RequestContext): Promise<void>;
}

/**
 * The secrets that nodes read, kept by the tool gateway (beyond the standard). Implemented by the tool gateway itself and by its HTTP
 * client. Throws `AppError` tool_gateway_unavailable where HTTP is between.
 */
export abstract class CredentialsApi {
  /** The active version; undefined when whoever the run belongs to has none under this name. */
  abstract readCredential(ctx: RequestContext, query: CredentialQuery): Promise<Credential | undefined>;
  /** Resolves when it can serve. */
  abstract ping(ctx: RequestContext): Promise<void>;
}
