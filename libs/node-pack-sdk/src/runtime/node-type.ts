import type { AdmittedPack, AdmittedNode } from '../admission/admission.js';

/** A node as the standard's NodeType (`core/node_type.schema.json`), with the extension keys of the reference, and ours beside them. */
export function toNodeType({ packId, version }: Pick<AdmittedPack, 'packId' | 'version'>, { manifest }: AdmittedNode) {
  const { timeout_ms, retry, egress, credentials, budget_hints, tags, errors, examples, max_concurrency } = manifest;
  return {
    node_type_id: manifest.id,
    version,
    kind: 'atomic' as const,
    description: manifest.description,
    input_schema: { ...manifest.input_schema },
    output_schema: { ...manifest.output_schema },
    extensions: withoutAbsent({
      'jarvis.pack_id': packId,
      'jarvis.pack_version': version,
      'jarvis.node_name': manifest.id.slice(packId.length + 1),
      'jarvis.side_effect': manifest.side_effect,
      'jarvis.trust_tier': manifest.trust_tier,
      'jarvis.idempotent': manifest.idempotent,
      'jarvis.retry': retry,
      'jarvis.timeout_ms': timeout_ms,
      'jarvis.max_concurrency': max_concurrency,
      'jarvis.egress_policy': egress,
      'jarvis.credentials': credentials,
      'jarvis.budget_hints': budget_hints,
      'jarvis.tags': tags,
      'jarvis.errors': errors,
      'jarvis.examples': examples,
    }),
  };
}

function withoutAbsent(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
