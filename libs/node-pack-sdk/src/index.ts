export { defineNode } from './define-node.js';
export type {
  DeclaredError,
  Node,
  NodeDefinition,
  NodeExample,
  NodeFacts,
  RetryPolicy,
  SideEffect,
} from './define-node.js';
export { definePack, PERMISSIONS } from './define-pack.js';
export type { Pack, Permission } from './define-pack.js';
export { CanceledError, NodeError, RetryableError, TerminalError, TimeoutError } from './errors.js';
export type { NodeErrorKind, NodeErrorOptions } from './errors.js';
export type { MockUpstream } from './http/mock-upstream.js';
export { jsonObjectOf } from './http/json-object.js';
export { UPSTREAM_ERRORS, upstreamFailure } from './http/upstream-failure.js';
export type { InferSchema, JsonObject, JsonSchema } from './json-schema.js';
export { manifestOf } from './manifest.js';
export type { ManifestNode, ManifestRetry, NodePackManifest } from './manifest.js';
export type {
  ArtifactOptions,
  ArtifactRef,
  Artifacts,
  Credentials,
  HttpClient,
  HttpRequest,
  NodeBudgets,
  NodeContext,
  NodeLogger,
  NodeTrace,
  NodeUsage,
  Principal,
  Progress,
} from './node-context.js';
