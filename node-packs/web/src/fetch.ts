import { defineNode, TerminalError } from '@arp-jarvis/node-pack-sdk';
import { call, CALL_ERRORS, CALL_INPUTS, CALL_OUTPUT } from './http-call.js';

export const fetchNode = defineNode({
  id: 'jarvis.web.fetch',
  description:
    'Sends an HTTP request with any method and body to a public host and returns the response. Takes and returns headers as a list of {key, value}. It may change something there; jarvis.web.get only reads.',
  input: {
    type: 'object',
    properties: {
      ...CALL_INPUTS,
      method: {
        enum: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', null],
        description: 'Default GET.',
      },
      json: {
        type: ['object', 'array', 'string', 'number', 'boolean', 'null'],
        description:
          'Body to send as JSON, with content-type application/json unless headers say otherwise. Not with body.',
      },
      body: {
        type: ['string', 'null'],
        description:
          'Body to send as it is, in UTF-8, with content-type text/plain unless headers say otherwise. Not with json.',
      },
    },
    required: ['url'],
    additionalProperties: false,
  },
  output: CALL_OUTPUT,
  sideEffect: 'write',
  trustTier: 'first_party',
  idempotent: false,
  egress: ['*'],
  budgetHints: { external_calls: 1 },
  errors: CALL_ERRORS,
  tags: ['web', 'http'],
  examples: [
    { inputs: { url: 'http://169.254.169.254/latest/meta-data/' }, error: 'egress_denied' },
    { inputs: { url: 'https://example.com/', method: 'POST', json: { n: 1 }, body: 'n=1' }, error: 'invalid_request' },
  ],
  async run({ method, json, body, ...inputs }, ctx) {
    const hasJson = json !== undefined && json !== null;
    const hasBody = body !== undefined && body !== null;
    if (hasJson && hasBody) throw new TerminalError('Give json or body, not both.', { code: 'invalid_request' });
    return call(
      inputs,
      {
        method: method ?? 'GET',
        ...(hasBody ? { body } : {}),
        ...(hasJson ? { body: JSON.stringify(json), headers: [['content-type', 'application/json']] } : {}),
      },
      ctx,
    );
  },
});
