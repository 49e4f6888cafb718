export { fixedEngine } from './engine/fixed-engine.js';
export { CONTEXT_KEYS } from './engine/context.js';
export { loadPolicy } from './engine/load-policy.js';
export type { LoadedPolicy } from './engine/loaded-policy.js';
export { statementName } from './engine/policy-engine.js';
export type {
  ApprovalOptions,
  Explanation,
  JsonObject,
  JsonValue,
  Mismatch,
  PolicyEngine,
  PolicyOutcome,
  PolicyQuery,
  PolicyVerdict,
  ReasonCode,
  StatementExplanation,
  StatementRef,
  UnaskedReason,
} from './engine/policy-engine.js';
export { problemLine } from './engine/policy-problem.js';
export type { PolicyProblem } from './engine/policy-problem.js';
export { timesOf, wallClockOf } from './engine/wall-clock.js';
export type { WallClock } from './engine/wall-clock.js';
export { LocalPolicy } from './local-policy.js';
export { PolicyCheckpoint } from './policy-checkpoint.js';
export type { PolicyDecider } from './policy-checkpoint.js';
export { nodeTypePolicyFacts } from './policy-facts.js';
export type { NodeTypePolicyFacts, PolicyFacts } from './policy-facts.js';
export { PolicyFileCheck } from './policy-file-check.js';
export { PolicyFile } from './policy-file.js';
export type { PolicyFileOptions, PolicyFileStatus } from './policy-file.js';
export { policyQueryOf } from './policy-query.js';
export type { PolicyEnvironment } from './policy-query.js';
export { policySettings } from './policy-settings.js';
export type { PolicySettings } from './policy-settings.js';
export { logPolicyStatus, openPolicy } from './policy-source.js';
export type { PolicySource } from './policy-source.js';
export { RemotePolicy } from './remote-policy.js';
export type { RemotePolicyOptions } from './remote-policy.js';
