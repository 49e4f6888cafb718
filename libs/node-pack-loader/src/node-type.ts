import type { LoadedNode } from './admission.js';

/** A node as the standard's NodeType (`core/node_type.schema.json`), with the extension keys of the reference. */
export function toNodeType({ manifest, packId, version }: LoadedNode) {
  return {
    node_type_id: manifest.id,
    version,
    kind: 'atomic' as const,
    description: manifest.description,
    input_schema: { ...manifest.input_schema },
    output_schema: { ...manifest.output_schema },
    extensions: {
      'jarvis.pack_id': packId,
      'jarvis.pack_version': version,
      'jarvis.node_name': manifest.id.slice(packId.length + 1),
      'jarvis.side_effect': manifest.side_effect,
      'jarvis.trust_tier': manifest.trust_tier,
      'jarvis.idempotent': manifest.idempotent,
      ...(manifest.timeout_ms === undefined ? {} : { 'jarvis.timeout_ms': manifest.timeout_ms }),
      ...(manifest.tags === undefined ? {} : { 'jarvis.tags': manifest.tags }),
    },
  };
}
