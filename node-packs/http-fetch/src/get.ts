import { defineNode } from '@arp-jarvis/node-pack-sdk';
import { read, READ_FACTS, READ_INPUT, READ_OUTPUT } from './reading.js';

export const getNode = defineNode({
  ...READ_FACTS,
  id: 'jarvis.http_fetch.get',
  description:
    'Reads a web page or an HTTP API of a public host with GET. Any status is a result, 404, 429 and 500 too.',
  input: READ_INPUT,
  output: READ_OUTPUT,
  examples: [
    {
      inputs: { url: 'https://example.com/status/503' },
      outputs: {
        status: 503,
        status_text: 'Service Unavailable',
        headers: { 'content-type': 'text/plain;charset=UTF-8' },
        data: '503 Service Unavailable',
        url: 'https://example.com/status/503',
        bytes: 23,
      },
    },
    { inputs: { url: 'https://example.com/', headers: { accept: 'text/html' }, timeout: 5000, max_size: 100000 } },
    { inputs: { url: 'http://169.254.169.254/latest/meta-data/' }, error: 'egress_denied' },
  ],
  run: (inputs, ctx) => read('GET', inputs, ctx),
});
