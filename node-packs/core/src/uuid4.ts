import { randomUUID } from 'node:crypto';
import { defineNode } from '@arp-jarvis/node-pack-sdk';

export const uuid4 = defineNode({
  id: 'jarvis.core.uuid4',
  description: 'Makes a random UUID (version 4).',
  input: { type: 'object', additionalProperties: false },
  output: {
    type: 'object',
    properties: { uuid4: { type: 'string', format: 'uuid' } },
    required: ['uuid4'],
    additionalProperties: false,
  },
  trustTier: 'first_party',
  tags: ['core', 'id'],
  examples: [{ inputs: {} }],
  run: () => ({ uuid4: randomUUID() }),
});
