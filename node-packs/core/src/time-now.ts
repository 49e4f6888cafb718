import { defineNode } from '@arp-jarvis/node-pack-sdk';

export const timeNow = defineNode({
  id: 'jarvis.core.time.now',
  description: 'Tells the time, in UTC, with milliseconds (RFC 3339).',
  input: { type: 'object', additionalProperties: false },
  output: {
    type: 'object',
    properties: { time: { type: 'string', format: 'date-time' } },
    required: ['time'],
    additionalProperties: false,
  },
  trustTier: 'first_party',
  tags: ['core', 'time'],
  examples: [{ inputs: {} }],
  run: () => ({ time: new Date().toISOString() }),
});
