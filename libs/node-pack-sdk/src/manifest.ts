import type { DeclaredError, Node, NodeExample, RetryPolicy, SideEffect } from './define-node.js';
import type { Pack, Permission } from './define-pack.js';
import type { JsonSchema } from './json-schema.js';

/** How node runs of a node are repeated: `jarvis.retry` of the node type. */
export interface ManifestRetry {
  readonly max_attempts: number;
  readonly initial_delay_ms?: number;
  readonly multiplier?: number;
  readonly max_delay_ms?: number;
}

/** One node in a manifest. Shape: nodepack-manifest.schema.json. */
export interface ManifestNode {
  readonly id: string;
  readonly description: string;
  readonly input_schema: JsonSchema;
  readonly output_schema: JsonSchema;
  readonly side_effect: SideEffect;
  readonly trust_tier: string;
  readonly idempotent: boolean;
  readonly retry?: ManifestRetry;
  readonly timeout_ms?: number;
  readonly max_concurrency?: number;
  readonly egress?: readonly string[];
  readonly credentials?: readonly string[];
  readonly budget_hints?: Readonly<Record<string, number>>;
  readonly errors?: Readonly<Record<string, DeclaredError>>;
  readonly tags?: readonly string[];
  readonly examples?: readonly NodeExample[];
}

/** What a pack offers, without its code: the content of `jarvis.nodepack.json`. */
export interface NodePackManifest {
  readonly schema_version: 1;
  readonly id: string;
  readonly version: string;
  readonly permissions?: readonly Permission[];
  readonly memory_mb?: number;
  readonly nodes: readonly ManifestNode[];
}

/**
 * The manifest of a pack, always the same for the same pack: nodes in the order of their ids.
 *
 * @example await writeFile('jarvis.nodepack.json', JSON.stringify(manifestOf(pack), null, 2));
 */
export function manifestOf(pack: Pack): NodePackManifest {
  const nodes = [...pack.nodes].sort((a, b) => (a.id < b.id ? -1 : 1)).map(manifestNodeOf);
  return {
    schema_version: 1,
    id: pack.id,
    version: pack.version,
    ...present({ permissions: pack.permissions, memory_mb: pack.memoryMb }),
    nodes,
  };
}

/** One node of a manifest. */
export function manifestNodeOf(node: Node): ManifestNode {
  return {
    id: node.id,
    description: node.description,
    input_schema: node.input,
    output_schema: node.output,
    side_effect: node.sideEffect,
    trust_tier: node.trustTier,
    idempotent: node.idempotent,
    ...present({
      retry: node.retry && retryOf(node.retry),
      timeout_ms: node.timeoutMs,
      max_concurrency: node.maxConcurrency,
      egress: node.egress,
      credentials: node.credentials,
      budget_hints: node.budgetHints,
      errors: node.errors,
      tags: node.tags,
      examples: node.examples,
    }),
  };
}

function retryOf({ maxAttempts, initialDelayMs, multiplier, maxDelayMs }: RetryPolicy): ManifestRetry {
  return {
    max_attempts: maxAttempts,
    ...present({ initial_delay_ms: initialDelayMs, multiplier, max_delay_ms: maxDelayMs }),
  };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys that have no value. */
function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
