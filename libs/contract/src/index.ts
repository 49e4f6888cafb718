/**
 * The contract of the suite: ARP Standard v1 on the wire, the error catalogue, and the service interfaces.
 *
 * The words, used the same way everywhere:
 * - run: one execution, from its root node run to its end; what a client starts.
 * - node run: one execution of a node type within a run; the root has no parent.
 * - node type: what can be executed, by id and version; atomic (a handler does it) or composite (it is decomposed).
 * - node pack: an npm package that brings node types and their handlers.
 * - handler: the function of a node pack that does the work of an atomic node type.
 * - executor: the service that executes node runs, atomic or composite.
 * - coordinator: the system of record of runs; it dispatches node runs to executors.
 * - candidate set: the bounded choice of node types for one subtask; a binding decision names the one chosen.
 * - constraint envelope: limits on what a run or node run may do.
 * - checkpoint: a moment at which policy is asked: `run.start`, `node.run.execute`.
 */
export { AppError, ERROR_CATALOGUE, NODE_RUN_ERROR_CATALOGUE } from './errors.js';
export type { ErrorCode, ErrorDefinition, NodeRunErrorCode } from './errors.js';
export { completeSchemas } from './fields/complete-schemas.js';
export { ContractViolation } from './fields/contract-violation.js';
export type { Issue } from './fields/contract-violation.js';
export {
  BooleanField,
  EnumArrayField,
  EnumField,
  ExtensionsField,
  IntegerArrayField,
  IntegerField,
  JsonObjectField,
  NumberField,
  ObjectArrayField,
  ObjectField,
  StringArrayField,
  StringField,
  StringMapField,
} from './fields/fields.js';
export { contractClasses, fieldsOf } from './fields/field-metadata.js';
export type { ContractClass, Field, FieldKind } from './fields/field-metadata.js';
export { isDateTime } from './fields/field-problems.js';
export { fromPeer } from './fields/from-peer.js';
export { readRequest } from './fields/read-request.js';
export { toWire } from './fields/to-wire.js';
export { Approval, APPROVAL_STATES } from './approvals/approval.js';
export type { ApprovalState } from './approvals/approval.js';
export { ApprovalDecisionRequest } from './approvals/approval-decision-request.js';
export { ApprovalList } from './approvals/approval-list.js';
export { PERMISSIONS } from './permissions.js';
export type { Permission } from './permissions.js';
export type { Assignment, Principal, RequestContext, TraceContext } from './request-context.js';
export {
  AtomicExecutorApi,
  CompositeExecutorApi,
  CredentialsApi,
  NodeRegistryApi,
  PolicyDecisionApi,
  ApprovalsApi,
  RunsApi,
} from './services.js';
export type {
  ApprovalListOptions,
  ApprovalVerdict,
  AtomicExecuteOptions,
  EventStreamOptions,
  NodeRunListOptions,
  NodeTypeQuery,
  RunListOptions,
  StartRunOptions,
} from './services.js';
export { AtomicExecuteRequest } from './atomic-executor/atomic-execute-request.js';
export { AtomicExecuteResult } from './atomic-executor/atomic-execute-result.js';
export { AtomicNodeRun, AtomicNodeRunProgress } from './atomic-executor/atomic-node-run.js';
export { NodePack, NodePackRefusal } from './atomic-executor/node-pack.js';
export type { EndpointLocator } from './common/endpoint-locator.js';
export { ErrorEnvelope } from './common/error.js';
export { ErrorCause } from './common/error-cause.js';
export { ErrorDetail } from './common/error-detail.js';
export type { Extensions } from './common/extensions.js';
export { HealthCheck, Health } from './common/health.js';
export { Metadata } from './common/metadata.js';
export { Pagination } from './common/pagination.js';
export { ResourceRef } from './common/resource-ref.js';
export { STATUSES } from './common/status.js';
export type { Status } from './common/status.js';
export { VersionBuild, VersionInfo } from './common/version-info.js';
export { CompositeBeginRequest } from './composite-executor/composite-begin-request.js';
export { CompositeBeginResponse } from './composite-executor/composite-begin-response.js';
export { ApprovalRef } from './core/approval-ref.js';
export { BindingDecision } from './core/binding-decision.js';
export { Candidate } from './core/candidate.js';
export { CandidateSet } from './core/candidate-set.js';
export {
  StructuralConstraints,
  CandidateConstraints,
  BudgetConstraints,
  SIDE_EFFECT_CLASSES,
  GateConstraints,
  ConstraintEnvelope,
} from './core/constraint-envelope.js';
export type { SideEffectClass } from './core/constraint-envelope.js';
export { EvaluationResult } from './core/evaluation-result.js';
export { EVALUATION_STATUSES } from './core/evaluation-status.js';
export type { EvaluationStatus } from './core/evaluation-status.js';
export { ExecutorBinding } from './core/executor-binding.js';
export { ExecutorInstance } from './core/executor-instance.js';
export { ExecutorType } from './core/executor-type.js';
export { kindByPrefix, NODE_KINDS } from './core/node-kind.js';
export type { NodeKind } from './core/node-kind.js';
export { NodeRun } from './core/node-run.js';
export { NODE_RUN_STATES } from './core/node-run-state.js';
export type { NodeRunState } from './core/node-run-state.js';
export { NODE_RUN_TERMINAL_STATES } from './core/node-run-terminal-state.js';
export type { NodeRunTerminalState } from './core/node-run-terminal-state.js';
export { NodeType } from './core/node-type.js';
export { NodeTypeRef } from './core/node-type-ref.js';
export { PolicyDecision } from './core/policy-decision.js';
export { POLICY_DECISION_OUTCOMES } from './core/policy-decision-outcome.js';
export type { PolicyDecisionOutcome } from './core/policy-decision-outcome.js';
export { RecoveryAction } from './core/recovery-action.js';
export { RECOVERY_ACTION_TYPES } from './core/recovery-action-type.js';
export type { RecoveryActionType } from './core/recovery-action-type.js';
export { Run } from './core/run.js';
export { RunTrace, RunContext } from './core/run-context.js';
export { RunEvent } from './core/run-event.js';
export { RUN_EVENT_TYPES } from './core/run-event-type.js';
export type { RunEventType } from './core/run-event-type.js';
export { RUN_STATES } from './core/run-state.js';
export type { RunState } from './core/run-state.js';
export { SubtaskSpec } from './core/subtask-spec.js';
export { NodeRunList } from './listings/node-run-list.js';
export { RunList } from './listings/run-list.js';
export { NodeTypePublishRequest } from './node-registry/node-type-publish-request.js';
export { PolicyDecisionRequest } from './pdp/policy-decision-request.js';
export { NodeRunCompleteRequest } from './run-coordinator/node-run-complete-request.js';
export { NodeRunEvaluationReportRequest } from './run-coordinator/node-run-evaluation-report-request.js';
export { NodeRunCreateSpec, NodeRunsCreateRequest } from './run-coordinator/node-runs-create-request.js';
export { NodeRunsCreateResponse } from './run-coordinator/node-runs-create-response.js';
export { RunStartRequest } from './run-gateway/run-start-request.js';
export { CandidateSetRequest } from './selection/candidate-set-request.js';
export { Credential } from './tool-gateway/credential.js';
export { CredentialQuery } from './tool-gateway/credential-query.js';
