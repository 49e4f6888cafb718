import { readFileSync } from 'node:fs';
import { manifestOf } from '@arp-jarvis/node-pack-sdk';
import { createTestContext, testNodePack } from '@arp-jarvis/node-pack-sdk/testing';
import { echo } from './echo.js';
import pack from './index.js';
import { sha256 } from './sha256.js';
import { sleep } from './sleep.js';
import { timeNow } from './time-now.js';
import { uuid4 } from './uuid4.js';

function fileBeside(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

describe('the pack jarvis.core', () => {
  it('does what it says: schemas, examples, cancels, errors', async () => {
    await testNodePack(pack);
  });

  it('has the version of its package', () => {
    expect(pack.version).toBe((JSON.parse(fileBeside('../package.json')) as { version: string }).version);
  });

  it('has the manifest that its code gives (else: npm run build)', () => {
    expect(fileBeside('../jarvis.nodepack.json')).toBe(`${JSON.stringify(manifestOf(pack), null, 2)}\n`);
  });

  it('echo gives back its inputs', async () => {
    const inputs = { text: 'hello', list: [1, { deep: null }] };
    expect(await echo.run(inputs, createTestContext().ctx)).toEqual({ echo: inputs });
  });

  it('uuid4 gives another one each time, time.now the time of now', async () => {
    const { ctx } = createTestContext();
    expect(await uuid4.run({}, ctx)).not.toEqual(await uuid4.run({}, ctx));
    const before = Date.now();
    const { time } = (await timeNow.run({}, ctx)) as { time: string };
    expect(Date.parse(time)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(time)).toBeLessThanOrEqual(Date.now());
  });

  it('sleep ends at once when it is canceled', async () => {
    const { ctx, controller } = createTestContext();
    const sleeping = sleep.run({ seconds: 3_600 }, ctx);
    controller.abort('canceled');
    await expect(sleeping).rejects.toThrow('abort');
  });

  it.each([
    ['utf-8', '€', [0xe2, 0x82, 0xac]],
    ['utf-16', '€', [0xac, 0x20]],
    ['latin1', 'é', [0xe9]],
  ])('hash.sha256 hashes text in %s as its bytes', async (encoding, text, bytes) => {
    const { ctx } = createTestContext();
    const ofBytes = await sha256.run({ content_base64: Buffer.from(bytes).toString('base64') }, ctx);
    expect(await sha256.run({ text, encoding }, ctx)).toEqual(ofBytes);
  });
});
