import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePack, packTarball, runIn } from './make-pack.js';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'create-node-pack-')));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function read(folder: string, path: string): string {
  return readFileSync(join(folder, path), 'utf8');
}

/** Words of npm that mean that there is no registry, as opposed to a package that is wrong. */
const NO_REGISTRY =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED)\b/;

describe('create-node-pack', () => {
  it('makes a pack that passes its own tests at once', async () => {
    const folder = join(root, 'pack');
    const made = await makePack(folder, { name: '@acme/node-pack-text', flags: ['--author', 'Ada <ada@example.com>'] });
    expect(made).toMatchObject({ exitCode: 0, text: expect.stringContaining('acme.text.word-count') });
    const installed = await runIn(folder, 'npm', ['install']);
    if (installed.exitCode !== 0 && NO_REGISTRY.test(installed.text)) {
      console.warn('SKIPPED: npm install needs the registry, which cannot be reached.');
      return;
    }
    expect(installed).toMatchObject({ exitCode: 0 });

    const tested = await runIn(folder, 'npm', ['test']);
    expect(tested.text).toContain('the pack keeps what it promises');
    expect(tested.text).toMatch(/^# pass 2$/m);
    expect(tested.exitCode).toBe(0);

    const tool = (...args: string[]) => runIn(folder, 'npx', ['--no-install', 'jarvis-node-pack', ...args]);
    expect(await tool('validate')).toMatchObject({ exitCode: 0 });
    expect(await tool('docs')).toMatchObject({ exitCode: 0 });
    expect(await tool('docs', '--check')).toMatchObject({ exitCode: 0 });

    const listing = await runIn(folder, 'tar', ['-tzf', await packTarball(folder)]);
    const files = listing.text.split('\n').filter((line) => line !== '');
    expect(files).toEqual(
      expect.arrayContaining(['package/dist/index.js', 'package/dist/index.d.ts', 'package/jarvis.nodepack.json']),
    );
    expect(files.filter((file) => /\.test\.|\/src\/|vendor/.test(file))).toEqual([]);
  }, 300_000);

  it('gives package.json everything that npm and an executor look for', async () => {
    const folder = join(root, 'pack');
    await makePack(folder, {
      name: 'acme-math',
      packId: 'acme.numbers',
      node: 'add_up',
      flags: ['--license', 'Apache-2.0', '--author', ''],
    });
    const packageJson = JSON.parse(read(folder, 'package.json')) as { devDependencies: Record<string, string> };
    expect(packageJson).toMatchObject({
      name: 'acme-math',
      license: 'Apache-2.0',
      keywords: ['jarvis-nodepack'],
      jarvis: { schemaVersion: 1, nodepacks: { 'acme.numbers': { entry: './dist/index.js' } } },
      peerDependencies: { '@arp-jarvis/node-pack-sdk': '^0.1.0' },
      devDependencies: { '@arp-jarvis/node-pack-sdk': expect.stringMatching(/^file:vendor\/.+\.tgz$/) },
    });
    const tarball = packageJson.devDependencies['@arp-jarvis/node-pack-sdk']!.slice('file:'.length);
    expect(existsSync(join(folder, tarball))).toBe(true);
    expect(read(folder, 'src/add_up.ts')).toContain(`id: 'acme.numbers.add_up'`);
    expect(read(folder, 'src/index.ts')).toContain('nodes: [addUpNode]');
    expect(read(folder, 'LICENSE')).toMatch(/Apache License[\s\S]*Copyright \d{4} The authors of acme-math/);
    for (const path of [
      'README.md',
      '.github/workflows/ci.yml',
      '.gitignore',
      'tsconfig.json',
      'src/pack.test.ts',
      'LICENSE',
    ]) {
      expect(read(folder, path)).not.toMatch(/__[A-Z_]+__/);
    }
  });

  it('takes another SDK when it is told to', async () => {
    const folder = join(root, 'pack');
    const { text } = await makePack(folder, { flags: ['--sdk', '0.1.0'] });
    expect(JSON.parse(read(folder, 'package.json')).devDependencies['@arp-jarvis/node-pack-sdk']).toBe('0.1.0');
    expect(existsSync(join(folder, 'vendor'))).toBe(false);
    expect(text).not.toContain('vendor');
  });

  it.each([
    ['a folder with something in it', {}, /is not empty; choose another folder/],
    ['capital letters', { name: 'Acme-Text' }, /has capital letters; npm takes lower case only/],
    ['a name npm does not take', { name: 'acme text' }, /is no npm package name: lower case letters/],
    ['a pack id of one part', { packId: 'acme' }, /is no pack id: lower case, at least two parts/],
    ['a reserved pack id', { packId: 'jarvis.text' }, /reserved for the suite's own packs/],
    ['a node name with a dot', { node: 'a.b' }, /is no node name/],
    ['a licence it does not have', { flags: ['--license', 'GPL-3.0'] }, /Allowed choices are MIT, Apache-2\.0/],
  ])('refuses %s with one sentence and writes nothing', async (what, options, message) => {
    const folder = join(root, 'pack');
    const isUsed = what.startsWith('a folder');
    if (isUsed) {
      mkdirSync(folder);
      writeFileSync(join(folder, 'mine.txt'), 'mine');
    }
    const { exitCode, text } = await makePack(folder, options);
    expect(exitCode).toBe(1);
    expect(text).toMatch(message);
    expect(text.trim().split('\n')).toHaveLength(1);
    expect(existsSync(join(folder, 'package.json'))).toBe(false);
    if (isUsed) expect(read(folder, 'mine.txt')).toBe('mine');
  });

  it('says what is missing when there is nobody to ask', async () => {
    const generator = join(import.meta.dirname, '../../libs/create-node-pack/bin/create-node-pack.js');
    expect(await runIn(root, process.execPath, [generator])).toEqual({
      exitCode: 1,
      text: 'error: Say what the pack is called: --name acme-node-pack-text, or a folder.\n',
    });
  });
});
