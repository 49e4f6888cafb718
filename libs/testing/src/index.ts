export { CompositeAssignment, CoordinatorRefusalError } from './composite-assignment.js';
export type { AssignmentOptions } from './composite-assignment.js';
export { childrenScript, COMPOSITE_STAGES } from './composite-script.js';
export type { ChildrenScriptOptions, CompositeScript, CompositeStage, ReachedStage } from './composite-script.js';
export { copyTree } from './copied-tree.js';
export { startIdentityProvider } from './identity-provider.js';
export type {
  IdentityProvider,
  IdentityProviderOptions,
  TokenEndpointFault,
  TokenRequest,
} from './identity-provider.js';
export { ARP_DEV_CLIENTS, ARP_DEV_USERS } from './identity-provider-realm.js';
export type { RealmClient, RealmUser } from './identity-provider-realm.js';
export { COMPOSITE_BEHAVIOURS, startScriptedCompositeExecutor } from './scripted-composite-executor.js';
export type {
  CompositeBehaviour,
  ScriptedCompositeExecutor,
  ScriptedCompositeExecutorOptions,
  ScriptEnd,
} from './scripted-composite-executor.js';
export { spawnScriptedCompositeExecutor } from './scripted-composite-executor-process.js';
export type { ScriptedCompositeExecutorFlags } from './scripted-composite-executor-process.js';
export { startPostgresServer } from './postgres-server.js';
export type { PostgresServer } from './postgres-server.js';
export { freePort, startGroup, startProcess, untilServing } from './service-process.js';
export type { ServiceProcess } from './service-process.js';
export { createTestDatabase } from './test-database.js';
export type { TestDatabase } from './test-database.js';
export { makeKey, startTokenIssuer } from './token-issuer.js';
export type { IssuerKey, TokenClaims, TokenIssuer, TokenOptions } from './token-issuer.js';
export { runActs, runConstraints } from './run-acts.js';
export type { RunAct } from './run-acts.js';
