import type { components as ExecutorComponents } from '../generated/atomic-executor.js';
import type { components as GatewayComponents, operations as GatewayOperations } from '../generated/gateway.js';

type Gateway = GatewayComponents['schemas'];

/** What a run is started with. */
export type RunStartRequest = Gateway['RunStartRequest'];
/** A run: one execution of a node and of everything below it. */
export type Run = Gateway['Run'];
/** `queued`, `running`, `succeeded`, `failed` or `canceled`; the last three are for ever. */
export type RunState = Run['state'];
/** One node of a run, with its inputs and outputs. */
export type NodeRun = Gateway['NodeRun'];
export type NodeRunState = NodeRun['state'];
/** What somebody is asked to decide. */
export type Approval = Gateway['Approval'];
export type ApprovalState = Approval['state'];
/** A kind of node that the executor can run. */
export type NodeType = ExecutorComponents['schemas']['NodeType'];
/** A node type and its version. */
export type NodeTypeRef = Gateway['NodeTypeRef'];
/** What limits a run or a node run. */
export type ConstraintEnvelope = Gateway['ConstraintEnvelope'];
/** For whom and why a run is made. */
export type RunContext = Gateway['RunContext'];
/** What an error answer holds. */
export type ErrorDetail = Gateway['ErrorDetail'];

/** One page of a listing. */
export interface Page<T> {
  readonly items: readonly T[];
  /** `pageToken` of the next page; absent on the last. */
  readonly nextPageToken?: string;
}

type ListRunsQuery = NonNullable<GatewayOperations['list_runs']['parameters']['query']>;
type ListNodeRunsQuery = NonNullable<GatewayOperations['list_node_runs']['parameters']['query']>;
type ListApprovalsQuery = NonNullable<GatewayOperations['list_approvals']['parameters']['query']>;

/** Where several values are possible, one may stand without a list. */
type Filter<Query> = {
  readonly [Name in Exclude<keyof Query, 'page_token'>]?:
    Query[Name] | (Query[Name] extends (infer Item)[] | undefined ? Item : never);
};

/** Filters of `runs.list`, joined by and. */
export type RunFilter = Filter<ListRunsQuery>;
/** Filters of `runs.nodeRuns`, joined by and. */
export type NodeRunFilter = Filter<ListNodeRunsQuery>;
/** Filters of `approvals.list`, joined by and. */
export type ApprovalFilter = Filter<ListApprovalsQuery>;

/** What an event of a run says has happened. */
export type RunEventType =
  | 'run_started'
  | 'node_run_assigned'
  | 'composite_decomposed'
  | 'candidate_set_generated'
  | 'subtask_mapped'
  | 'atomic_executed'
  | 'node_evaluated'
  | 'recovery_applied'
  | 'policy_decided'
  | 'run_completed';

/** One entry of the log of a run. Streams are not in OpenAPI documents, so this is held equal to the contract by a test. */
export interface RunEvent {
  run_id: string;
  node_run_id?: string;
  /** Position in the log, counting from 1 without gaps. */
  seq: number;
  type: RunEventType;
  /** RFC 3339. */
  time: string;
  data?: Record<string, unknown>;
  extensions?: Record<string, unknown>;
}
