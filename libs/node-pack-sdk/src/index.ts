export { defineNode, definePack } from './define.js';
export type {
  JsonObject,
  JsonSchema,
  Node,
  NodeContext,
  NodeDefinition,
  NodeExample,
  NodeLogger,
  Pack,
  SideEffect,
} from './define.js';
export { RetryableError, TerminalError } from './errors.js';
export type { NodeErrorOptions } from './errors.js';
export { manifestOf } from './manifest.js';
export type { ManifestNode, NodePackManifest } from './manifest.js';
