import { defineNode } from '@arp-jarvis/node-pack-sdk';
import { read, READ_FACTS, READ_INPUT, READ_OUTPUT } from './reading.js';

export const headNode = defineNode({
  ...READ_FACTS,
  id: 'jarvis.http_fetch.head',
  description: 'Reads status and headers of a URL of a public host with HEAD; data is empty.',
  input: READ_INPUT,
  output: READ_OUTPUT,
  examples: [
    { inputs: { url: 'https://example.com/' } },
    { inputs: { url: 'http://127.0.0.1/' }, error: 'egress_denied' },
  ],
  run: (inputs, ctx) => read('HEAD', inputs, ctx),
});
