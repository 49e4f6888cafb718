import { defineNode } from '@arp-jarvis/node-pack-sdk';
import { ask, ASK_FACTS, DEFAULT_MODELS, MODEL_INPUTS } from './asking.js';

export const completeNode = defineNode({
  ...ASK_FACTS,
  id: 'jarvis.openai.complete',
  description: 'Has a model of OpenAI go on with a text and returns its completion; choices[0].text is what follows.',
  input: {
    type: 'object',
    properties: {
      prompt: { type: 'string', minLength: 1, maxLength: 100_000 },
      model: { type: 'string', minLength: 1, maxLength: 100, description: `Default ${DEFAULT_MODELS.complete}.` },
      ...MODEL_INPUTS,
    },
    required: ['prompt'],
    additionalProperties: false,
  },
  output: { type: 'object', additionalProperties: true },
  examples: [
    { inputs: { prompt: 'Once upon a time', max_tokens: 20, temperature: 0 } },
    { inputs: { prompt: 'mock:500' }, error: 'upstream_error' },
  ],
  run: ({ model = DEFAULT_MODELS.complete, ...rest }, ctx) => ask('/completions', { model, ...rest }, ctx),
});
