import { HANDLER_ERRORS } from '@arp-jarvis/node-pack-sdk/runtime';
import { NODE_RUN_ERROR_CATALOGUE } from '#contract';

describe('the errors that hosts of node packs end node runs with', () => {
  it.each(Object.entries(HANDLER_ERRORS))('%s is in the error catalogue, with the same words', (code, error) => {
    expect(NODE_RUN_ERROR_CATALOGUE).toHaveProperty(code, error);
  });
});
