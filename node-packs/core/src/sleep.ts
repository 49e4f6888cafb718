import { setTimeout as wait } from 'node:timers/promises';
import { defineNode } from '@arp-jarvis/node-pack-sdk';

const DAY_SECONDS = 86_400;

export const sleep = defineNode({
  id: 'jarvis.core.sleep',
  description: 'Waits for a number of seconds. Ends at once when it is canceled.',
  input: {
    type: 'object',
    properties: { seconds: { type: 'number', minimum: 0, maximum: DAY_SECONDS } },
    required: ['seconds'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: { slept_seconds: { type: 'number', minimum: 0 } },
    required: ['slept_seconds'],
    additionalProperties: false,
  },
  trustTier: 'first_party',
  // One that sleeps for long is stopped by its run's budgets, or canceled.
  timeoutMs: (DAY_SECONDS + 60) * 1_000,
  tags: ['core', 'time'],
  examples: [{ inputs: { seconds: 0.01 }, outputs: { slept_seconds: 0.01 } }],
  run: async ({ seconds }, { signal }) => {
    await wait(seconds * 1_000, undefined, { signal });
    return { slept_seconds: seconds };
  },
});
