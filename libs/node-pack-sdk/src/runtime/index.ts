/** For hosts: executors and tools that run packs. Authors of packs need nothing of it. */
export type { CallEgress, EgressRules } from '../http/egress-rules.js';
export { createEgressGuard } from '../http/egress-guard.js';
export { createGuardedHttp } from '../http/guarded-http.js';
export type { GuardedHttp, GuardedHttpOptions } from '../http/guarded-http.js';
export { mockUpstreamOf } from '../http/mock-upstream.js';
export type { MockUpstream, UpstreamMode } from '../http/mock-upstream.js';
export { callFactsOf, executeResultOf, isSameWork, requestRefusal, timeLimitOf } from './execution.js';
export type { Ended, ExecuteRequest, ExecuteResult, OfferedNode } from './execution.js';
export { HANDLER_ERRORS, handlerError, outOfTime } from './handler-error.js';
export type { HandlerErrorCode } from './handler-error.js';
export { openInProcess } from './in-process-host.js';
export type { InProcessOptions } from './in-process-host.js';
export { openIsolated } from './isolated-host.js';
export type { IsolatedOptions } from './isolated-host.js';
export type {
  CallFacts,
  CallPorts,
  HandlerCall,
  HandlerEnd,
  HandlerError,
  PackHost,
  StopReason,
  Usage,
} from './pack-host.js';
export { runHandler } from './run-handler.js';
export type { HandlerRun } from './run-handler.js';
export { runNode } from './run-node.js';
export type { RunnableNode } from './run-node.js';
export { compileSchema, schemasOf } from './schema-check.js';
export type { NodeSchemas, SchemaIssue } from './schema-check.js';
export type { IsolatedGrants } from './process-flags.js';
export { toNodeType } from './node-type.js';
export { importPack, reasonOf } from './pack-module.js';
export type { PackModule } from './pack-module.js';
export { admitPack, checkHandlers, moduleFailed } from '../admission/admission.js';
export type { AdmittedNode, AdmittedPack } from '../admission/admission.js';
export { declaredPacks, readPackage, SDK_VERSION } from '../admission/package-metadata.js';
export type { CandidatePackage, DeclaredPack } from '../admission/package-metadata.js';
export { REFUSAL_CODES, Refused } from '../admission/refusal.js';
export type { RefusalCode } from '../admission/refusal.js';
