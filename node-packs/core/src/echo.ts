import { defineNode } from '@arp-jarvis/node-pack-sdk';

export const echo = defineNode({
  id: 'jarvis.core.echo',
  description: 'Returns its inputs under the key "echo". For trying things out.',
  input: { type: 'object', additionalProperties: true },
  output: {
    type: 'object',
    properties: { echo: { type: 'object', additionalProperties: true } },
    required: ['echo'],
    additionalProperties: false,
  },
  trustTier: 'first_party',
  tags: ['core'],
  examples: [{ inputs: { text: 'hello' }, outputs: { echo: { text: 'hello' } } }],
  run: (inputs) => ({ echo: inputs }),
});
