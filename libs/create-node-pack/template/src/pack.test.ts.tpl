import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestContext, testNodePack } from '@arp-jarvis/node-pack-sdk/testing';
import pack from './index.js';
import { __NODE_EXPORT__ } from './__NODE_NAME__.js';

test('the pack keeps what it promises', async () => {
  await testNodePack(pack);
});

test('counts an emoji of several code points as one character, and logs the words', async () => {
  const { ctx, recorded } = createTestContext();
  const outputs = await __NODE_EXPORT__.run({ text: 'Well done 👩‍🚀' }, ctx);
  assert.equal(outputs['characters'], 11);
  assert.deepEqual(recorded.logs, [{ level: 'info', message: 'counted', fields: { words: 2 } }]);
});
