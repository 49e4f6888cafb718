import type { LoadedNode } from './admission.js';
import { toNodeType } from './node-type.js';

describe('toNodeType', () => {
  const manifest = {
    id: 'acme.demo.text.upper',
    description: 'Writes in capitals.',
    input_schema: { type: 'object' },
    output_schema: { type: 'object' },
    side_effect: 'write',
    trust_tier: 'third_party',
    idempotent: true,
  } as const;
  const node = { manifest, packId: 'acme.demo', version: '1.2.3' } as unknown as LoadedNode;

  it('is the NodeType of the standard, without keys that have no value', () => {
    expect(toNodeType(node)).toStrictEqual({
      node_type_id: 'acme.demo.text.upper',
      version: '1.2.3',
      kind: 'atomic',
      description: 'Writes in capitals.',
      input_schema: { type: 'object' },
      output_schema: { type: 'object' },
      extensions: {
        'jarvis.pack_id': 'acme.demo',
        'jarvis.pack_version': '1.2.3',
        'jarvis.node_name': 'text.upper',
        'jarvis.side_effect': 'write',
        'jarvis.trust_tier': 'third_party',
        'jarvis.idempotent': true,
      },
    });
  });

  it('tells the tags and the timeout when there are some', () => {
    const tagged = { ...node, manifest: { ...manifest, tags: ['text'], timeout_ms: 5_000 } };
    expect(toNodeType(tagged).extensions).toMatchObject({ 'jarvis.tags': ['text'], 'jarvis.timeout_ms': 5_000 });
  });
});
