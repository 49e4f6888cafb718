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
 * What stands for a schema here: a class; a list of values; or, for a schema that is a type alias, a class that has a field of
 * it, with the other required fields of that class.
 */
export type Counterpart =
  | { readonly contractClass: ContractClass }
  | { readonly values: readonly string[] }
  | { readonly field: string; readonly of: ContractClass; readonly rest: Record<string, unknown> };

const class_ = (contractClass: ContractClass): Counterpart => ({ contractClass });
const enum_ = (values: readonly string[]): Counterpart => ({ values });

/** Schema path below `schemas` → its counterpart. Every schema must be here. */
export const COUNTERPARTS: Readonly<Record<string, Counterpart>> = {
  'atomic_executor/node_runs/atomic_execute_request': class_(AtomicExecuteRequest),
  'atomic_executor/node_runs/atomic_execute_result': class_(AtomicExecuteResult),
  'common/endpoint_locator': { field: 'endpoint', of: ExecutorBinding, rest: { executor_instance_id: 'i' } },
  'common/error': class_(ErrorEnvelope),
  'common/error_cause': class_(ErrorCause),
  'common/error_detail': class_(ErrorDetail),
  'common/extensions': { field: 'extensions', of: ApprovalRef, rest: { approval_id: 'a' } },
  'common/health': class_(Health),
  'common/metadata': class_(Metadata),
  'common/pagination': class_(Pagination),
  'common/resource_ref': class_(ResourceRef),
  'common/status': enum_(STATUSES),
  'common/version_info': class_(VersionInfo),
  'composite_executor/node_runs/composite_begin_request': class_(CompositeBeginRequest),
  'composite_executor/node_runs/composite_begin_response': class_(CompositeBeginResponse),
  'core/approval_ref': class_(ApprovalRef),
  'core/binding_decision': class_(BindingDecision),
  'core/candidate': class_(Candidate),
  'core/candidate_set': class_(CandidateSet),
  'core/constraint_envelope': class_(ConstraintEnvelope),
  'core/evaluation_result': class_(EvaluationResult),
  'core/evaluation_status': enum_(EVALUATION_STATUSES),
  'core/executor_binding': class_(ExecutorBinding),
  'core/executor_instance': class_(ExecutorInstance),
  'core/executor_type': class_(ExecutorType),
  'core/node_kind': enum_(NODE_KINDS),
  'core/node_run': class_(NodeRun),
  'core/node_run_state': enum_(NODE_RUN_STATES),
  'core/node_run_terminal_state': enum_(NODE_RUN_TERMINAL_STATES),
  'core/node_type': class_(NodeType),
  'core/node_type_ref': class_(NodeTypeRef),
  'core/policy_decision': class_(PolicyDecision),
  'core/policy_decision_outcome': enum_(POLICY_DECISION_OUTCOMES),
  'core/recovery_action': class_(RecoveryAction),
  'core/recovery_action_type': enum_(RECOVERY_ACTION_TYPES),
  'core/run': class_(Run),
  'core/run_context': class_(RunContext),
  'core/run_event': class_(RunEvent),
  'core/run_event_type': enum_(RUN_EVENT_TYPES),
  'core/run_state': enum_(RUN_STATES),
  'core/subtask_spec': class_(SubtaskSpec),
  'node_registry/node_types/node_type_publish_request': class_(NodeTypePublishRequest),
  'pdp/policy/policy_decision_request': class_(PolicyDecisionRequest),
  'run_coordinator/node_runs/node_run_complete_request': class_(NodeRunCompleteRequest),
  'run_coordinator/node_runs/node_run_evaluation_report_request': class_(NodeRunEvaluationReportRequest),
  'run_coordinator/node_runs/node_runs_create_request': class_(NodeRunsCreateRequest),
  'run_coordinator/node_runs/node_runs_create_response': class_(NodeRunsCreateResponse),
  'run_gateway/runs/run_start_request': class_(RunStartRequest),
  'selection/candidate_sets/candidate_set_request': class_(CandidateSetRequest),
};

/** Throws for a schema that nothing stands for. */
export function counterpartOf(name: string): Counterpart {
  const counterpart = COUNTERPARTS[name];
  if (counterpart === undefined) throw new Error(`no contract class or list stands for the schema ${name}`);
  return counterpart;
}

/** What our reader has against a value as the schema of this name; empty when it accepts. Anything but a refusal is thrown. */
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
