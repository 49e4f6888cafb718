import {
  ApprovalRef,
  AtomicExecuteRequest,
  AtomicExecuteResult,
  BindingDecision,
  Candidate,
  CandidateSet,
  CandidateSetRequest,
  CompositeBeginRequest,
  CompositeBeginResponse,
  ConstraintEnvelope,
  ContractViolation,
  ErrorCause,
  ErrorDetail,
  ErrorEnvelope,
  EVALUATION_STATUSES,
  EvaluationResult,
  ExecutorBinding,
  ExecutorInstance,
  ExecutorType,
  Health,
  Metadata,
  NODE_KINDS,
  NODE_RUN_STATES,
  NODE_RUN_TERMINAL_STATES,
  NodeRun,
  NodeRunCompleteRequest,
  NodeRunEvaluationReportRequest,
  NodeRunsCreateRequest,
  NodeRunsCreateResponse,
  NodeType,
  NodeTypePublishRequest,
  NodeTypeRef,
  Pagination,
  POLICY_DECISION_OUTCOMES,
  PolicyDecision,
  PolicyDecisionRequest,
  readRequest,
  RECOVERY_ACTION_TYPES,
  RecoveryAction,
  ResourceRef,
  Run,
  RUN_EVENT_TYPES,
  RUN_STATES,
  RunContext,
  RunEvent,
  RunStartRequest,
  STATUSES,
  SubtaskSpec,
  VersionInfo,
} from '#contract';
import type { ContractClass, Issue } from '#contract';

/**
 * What stands for a schema here: a class; a list of values; or, for a schema that is a type alias, a class that has a
 * field of it, with the other required fields of that class.
 */
export type Counterpart =
  | { readonly contractClass: ContractClass }
  | { readonly values: readonly string[] }
  | { readonly field: string; readonly of: ContractClass; readonly rest: Record<string, unknown> };

const byClass = (contractClass: ContractClass): Counterpart => ({ contractClass });
const byList = (values: readonly string[]): Counterpart => ({ values });

/** Schema path below `schemas` → its counterpart. Every schema must be here. */
export const COUNTERPARTS: Readonly<Record<string, Counterpart>> = {
  'atomic_executor/node_runs/atomic_execute_request': byClass(AtomicExecuteRequest),
  'atomic_executor/node_runs/atomic_execute_result': byClass(AtomicExecuteResult),
  'common/endpoint_locator': { field: 'endpoint', of: ExecutorBinding, rest: { executor_instance_id: 'i' } },
  'common/error': byClass(ErrorEnvelope),
  'common/error_cause': byClass(ErrorCause),
  'common/error_detail': byClass(ErrorDetail),
  'common/extensions': { field: 'extensions', of: ApprovalRef, rest: { approval_id: 'a' } },
  'common/health': byClass(Health),
  'common/metadata': byClass(Metadata),
  'common/pagination': byClass(Pagination),
  'common/resource_ref': byClass(ResourceRef),
  'common/status': byList(STATUSES),
  'common/version_info': byClass(VersionInfo),
  'composite_executor/node_runs/composite_begin_request': byClass(CompositeBeginRequest),
  'composite_executor/node_runs/composite_begin_response': byClass(CompositeBeginResponse),
  'core/approval_ref': byClass(ApprovalRef),
  'core/binding_decision': byClass(BindingDecision),
  'core/candidate': byClass(Candidate),
  'core/candidate_set': byClass(CandidateSet),
  'core/constraint_envelope': byClass(ConstraintEnvelope),
  'core/evaluation_result': byClass(EvaluationResult),
  'core/evaluation_status': byList(EVALUATION_STATUSES),
  'core/executor_binding': byClass(ExecutorBinding),
  'core/executor_instance': byClass(ExecutorInstance),
  'core/executor_type': byClass(ExecutorType),
  'core/node_kind': byList(NODE_KINDS),
  'core/node_run': byClass(NodeRun),
  'core/node_run_state': byList(NODE_RUN_STATES),
  'core/node_run_terminal_state': byList(NODE_RUN_TERMINAL_STATES),
  'core/node_type': byClass(NodeType),
  'core/node_type_ref': byClass(NodeTypeRef),
  'core/policy_decision': byClass(PolicyDecision),
  'core/policy_decision_outcome': byList(POLICY_DECISION_OUTCOMES),
  'core/recovery_action': byClass(RecoveryAction),
  'core/recovery_action_type': byList(RECOVERY_ACTION_TYPES),
  'core/run': byClass(Run),
  'core/run_context': byClass(RunContext),
  'core/run_event': byClass(RunEvent),
  'core/run_event_type': byList(RUN_EVENT_TYPES),
  'core/run_state': byList(RUN_STATES),
  'core/subtask_spec': byClass(SubtaskSpec),
  'node_registry/node_types/node_type_publish_request': byClass(NodeTypePublishRequest),
  'pdp/policy/policy_decision_request': byClass(PolicyDecisionRequest),
  'run_coordinator/node_runs/node_run_complete_request': byClass(NodeRunCompleteRequest),
  'run_coordinator/node_runs/node_run_evaluation_report_request': byClass(NodeRunEvaluationReportRequest),
  'run_coordinator/node_runs/node_runs_create_request': byClass(NodeRunsCreateRequest),
  'run_coordinator/node_runs/node_runs_create_response': byClass(NodeRunsCreateResponse),
  'run_gateway/runs/run_start_request': byClass(RunStartRequest),
  'selection/candidate_sets/candidate_set_request': byClass(CandidateSetRequest),
};

/** Throws for a schema that nothing stands for. */
export function counterpartOf(name: string): Counterpart {
  const counterpart = COUNTERPARTS[name];
  if (counterpart === undefined) throw new Error(`no contract class or list stands for the schema ${name}`);
  return counterpart;
}

/**
 * What our reader has against a value as the schema of this name; empty when it accepts. Anything but a refusal is
 * thrown.
 */
export function objectionsTo(name: string, value: unknown): readonly Issue[] {
  const counterpart = counterpartOf(name);
  if ('values' in counterpart) {
    const isMember = counterpart.values.some((member) => member === value);
    return isMember ? [] : [{ path: '', message: 'is not a member' }];
  }
  try {
    if ('contractClass' in counterpart) readRequest(counterpart.contractClass, value);
    else readRequest(counterpart.of, { ...counterpart.rest, [counterpart.field]: value });
    return [];
  } catch (error) {
    if (!(error instanceof ContractViolation)) throw error;
    const prefix = 'field' in counterpart ? counterpart.field : '';
    return error.issues.map(({ path, message }) => ({ path: withoutPrefix(path, prefix), message }));
  }
}

function withoutPrefix(path: string, prefix: string): string {
  return path.startsWith(prefix) ? path.slice(prefix.length).replace(/^\./, '') : path;
}
