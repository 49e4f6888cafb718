import { defineNode } from '@arp-jarvis/node-pack-sdk';
import { ask, ASK_FACTS, DEFAULT_MODELS, MODEL_INPUTS } from './asking.js';

export const chatNode = defineNode({
  ...ASK_FACTS,
  id: 'jarvis.openai.chat',
  description: 'Asks a chat model of OpenAI and returns its chat completion; choices[0].message.content is the answer.',
  input: {
    type: 'object',
    properties: {
      messages: {
        type: 'array',
        minItems: 1,
        maxItems: 50,
        items: {
          type: 'object',
          properties: {
            role: { enum: ['system', 'user', 'assistant'] },
            content: { type: 'string', minLength: 1, maxLength: 100_000 },
          },
          required: ['role', 'content'],
          additionalProperties: false,
        },
      },
      model: { type: 'string', minLength: 1, maxLength: 100, description: `Default ${DEFAULT_MODELS.chat}.` },
      ...MODEL_INPUTS,
    },
    required: ['messages'],
    additionalProperties: false,
  },
  output: { type: 'object', additionalProperties: true },
  examples: [
    { inputs: { messages: [{ role: 'user', content: 'Say hello.' }], max_tokens: 20 } },
    { inputs: { messages: [{ role: 'user', content: 'mock:429' }] }, error: 'rate_limited' },
    { inputs: { messages: [{ role: 'user', content: 'mock:quota' }] }, error: 'quota_exhausted' },
    { inputs: { messages: [{ role: 'user', content: 'mock:400' }] }, error: 'upstream_refused' },
  ],
  run: ({ model = DEFAULT_MODELS.chat, ...rest }, ctx) => ask('/chat/completions', { model, ...rest }, ctx),
});
