import type { JsonSchema, NodeExample, Pack, SideEffect } from './define.js';

/** One node in a manifest. Shape: nodepack-manifest.schema.json. */
export interface ManifestNode {
  readonly id: string;
  readonly description: string;
  readonly input_schema: JsonSchema;
  readonly output_schema: JsonSchema;
  readonly side_effect: SideEffect;
  readonly trust_tier: string;
  readonly idempotent: boolean;
  readonly timeout_ms?: number;
  readonly tags?: readonly string[];
  readonly examples?: readonly NodeExample[];
}

/** What a pack offers, without its code: the content of `jarvis.nodepack.json`. */
export interface NodePackManifest {
  readonly schema_version: 1;
  readonly id: string;
  readonly version: string;
  readonly nodes: readonly ManifestNode[];
}

/**
 * The manifest of a pack, always the same for the same pack: nodes in the order of their ids.
 *
 * @example await writeFile('jarvis.nodepack.json', JSON.stringify(manifestOf(pack), null, 2));
 */
export function manifestOf(pack: Pack): NodePackManifest {
  const nodes = [...pack.nodes]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((node): ManifestNode => ({
      id: node.id,
      description: node.description,
      input_schema: node.input,
      output_schema: node.output,
      side_effect: node.sideEffect,
      trust_tier: node.trustTier,
      idempotent: node.idempotent,
      ...(node.timeoutMs === undefined ? {} : { timeout_ms: node.timeoutMs }),
      ...(node.tags === undefined ? {} : { tags: node.tags }),
      ...(node.examples === undefined ? {} : { examples: node.examples }),
    }));
  return { schema_version: 1, id: pack.id, version: pack.version, nodes };
}
