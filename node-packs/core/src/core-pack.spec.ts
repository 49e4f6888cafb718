import { readFileSync } from 'node:fs';
import { manifestOf } from '@arp-jarvis/node-pack-sdk';
import { echo } from './echo.js';
import pack from './index.js';

function fileBeside(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

describe('jarvis.core.echo', () => {
  it('gives back its inputs', async () => {
    const inputs = { text: 'hello', list: [1, { deep: null }] };
    expect(await echo.run(inputs, {} as never)).toEqual({ echo: inputs });
  });

  it('does what its examples say', async () => {
    expect(echo.examples?.length).toBeGreaterThan(0);
    for (const { inputs, outputs } of echo.examples ?? []) expect(await echo.run(inputs, {} as never)).toEqual(outputs);
  });
});

describe('the pack jarvis.core', () => {
  it('has the version of its package', () => {
    expect(pack.version).toBe((JSON.parse(fileBeside('../package.json')) as { version: string }).version);
  });

  it('has the manifest that its code gives (else: npm run build)', () => {
    expect(fileBeside('../jarvis.nodepack.json')).toBe(`${JSON.stringify(manifestOf(pack), null, 2)}\n`);
  });
});
