import type { AdmittedNode } from '../admission/admission.js';
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
  const node = { manifest } as unknown as AdmittedNode;
  const pack = { packId: 'acme.demo', version: '1.2.3' };

  it('is the NodeType of the standard, without keys that have no value', () => {
    expect(toNodeType(pack, node)).toStrictEqual({
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

  it('tells what else the manifest says', () => {
    const more = {
      tags: ['text'],
      timeout_ms: 5_000,
      retry: { max_attempts: 5 },
      egress: ['api.example.com'],
      budget_hints: { cost: 0.1 },
      errors: { text_long: { description: 'The text is too long.' } },
      examples: [{ inputs: { text: 'a' } }],
      max_concurrency: 2,
    };
    const { extensions } = toNodeType(pack, { ...node, manifest: { ...manifest, ...more } });
    expect(extensions).toMatchObject({
      'jarvis.tags': more.tags,
      'jarvis.timeout_ms': 5_000,
      'jarvis.retry': more.retry,
      'jarvis.egress_policy': more.egress,
      'jarvis.budget_hints': more.budget_hints,
      'jarvis.errors': more.errors,
      'jarvis.examples': more.examples,
      'jarvis.max_concurrency': 2,
    });
  });
});
