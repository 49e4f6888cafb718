import { defineNode } from '@arp-jarvis/node-pack-sdk';
import { call, CALL_ERRORS, CALL_INPUTS, CALL_OUTPUT } from './http-call.js';

export const getNode = defineNode({
  id: 'jarvis.web.get',
  description:
    'Reads from a public host with HTTP GET or HEAD and returns the response. Takes and returns headers as a list of {key, value}.',
  input: {
    type: 'object',
    properties: { ...CALL_INPUTS, method: { enum: ['GET', 'HEAD', null], description: 'Default GET.' } },
    required: ['url'],
    additionalProperties: false,
  },
  output: CALL_OUTPUT,
  sideEffect: 'read',
  trustTier: 'first_party',
  egress: ['*'],
  budgetHints: { external_calls: 1 },
  errors: CALL_ERRORS,
  tags: ['web', 'http'],
  examples: [{ inputs: { url: 'http://169.254.169.254/latest/meta-data/' }, error: 'egress_denied' }],
  run: ({ method, ...inputs }, ctx) => call(inputs, { method: method ?? 'GET' }, ctx),
});
