import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectedManifests } from './pack-folder.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pack-folder-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const NODE = `{ id: 'acme.demo.echo', description: 'Echo.', input: {}, output: {}, sideEffect: 'read', trustTier: 'third_party', idempotent: true }`;
const PACK = `{ id: 'acme.demo', version: '1.0.0', nodes: [${NODE}] }`;

function writePack(
  code: string | null,
  paths: unknown = { entry: './index.js', manifest: './jarvis.nodepack.json' },
  type = 'module',
) {
  const jarvis = { schemaVersion: 1, nodepacks: { 'acme.demo': paths }, compat: { sdk: '^0.1.0' } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'demo', version: '1.0.0', type, jarvis }));
  if (code !== null) writeFileSync(join(folder, 'index.js'), code);
}

describe('expectedManifests', () => {
  it.each([
    ['ESM', 'module', `export default ${PACK};`],
    ['CommonJS', 'commonjs', `module.exports = ${PACK};`],
    ['transpiled CommonJS', 'commonjs', `exports.__esModule = true; exports.default = ${PACK};`],
  ])('gives the manifest of a pack in %s', async (_, type, code) => {
    writePack(code, undefined, type);
    const [manifest, ...others] = await expectedManifests(folder);
    expect(others).toEqual([]);
    expect(manifest).toMatchObject({ packId: 'acme.demo', path: join(folder, 'jarvis.nodepack.json') });
    expect(JSON.parse(manifest?.text ?? '')).toMatchObject({
      id: 'acme.demo',
      version: '1.0.0',
      nodes: [{ id: 'acme.demo.echo' }],
    });
  });

  it.each([
    ['no entry', () => writePack(null), /^There is no \.\/index\.js, the entry of acme\.demo; build the code first\.$/],
    ['paths left out', () => writePack(null, null), /needs "entry" and "manifest"/],
    [
      'a manifest outside',
      () => writePack(null, { entry: './index.js', manifest: '../m.json' }),
      /must be inside the package/,
    ],
    [
      'code that throws',
      () => writePack(`throw new Error('no key');`),
      /^\.\/index\.js, the entry of acme\.demo, failed while it was loaded: no key\.$/,
    ],
    ['no pack', () => writePack('export default 1;'), /is not the pack acme\.demo/],
    [
      'another version',
      () => writePack(`export default ${PACK.replace('1.0.0', '2.0.0')};`),
      /version 2\.0\.0, package\.json says 1\.0\.0/,
    ],
    ['no pack declared', () => writeFileSync(join(folder, 'package.json'), '{}'), /declares no pack/],
    ['a torn package.json', () => writeFileSync(join(folder, 'package.json'), '{'), /^package\.json is not JSON/],
    ['no package.json', () => undefined, /^There is no package\.json in /],
  ])('says in one sentence what is wrong: %s', async (_, prepare, message) => {
    prepare();
    await expect(expectedManifests(folder)).rejects.toThrow(message);
  });
});
