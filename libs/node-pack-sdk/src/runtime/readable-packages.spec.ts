import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isolatedOptions, PACK_ID, run, scratchPack } from '../../test/scratch-pack.js';
import type { ScratchPack } from '../../test/scratch-pack.js';
import { openIsolated } from './isolated-host.js';
import { outwardLink } from './outward-link.js';
import { readablePackages } from './readable-packages.js';

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'arp-readable-')));
});
afterEach(() => rm(root, { recursive: true }));

/** A package at a place below the root. */
async function install(place: string, manifest: object): Promise<string> {
  const folder = join(root, place);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  return folder;
}

async function link(target: string, place: string): Promise<string> {
  await mkdir(dirname(join(root, place)), { recursive: true });
  await symlink(target, join(root, place));
  return join(root, place);
}

describe('what a declared dependency is linked to', () => {
  async function read(name: string): Promise<{ readable: string[]; warnings: string[] }> {
    const pack = await install('ws/pack', { name: 'pack', dependencies: { [name]: '*' } });
    const sdk = await install('sdk', { name: '@arp-jarvis/node-pack-sdk' });
    const warnings: string[] = [];
    const readable = await readablePackages(pack, sdk, (warning) => warnings.push(warning));
    return { readable: readable.filter((folder) => folder !== pack && folder !== sdk), warnings };
  }

  it('is readable when it is a package of that name, with both its folders', async () => {
    const lib = await install('lib', { name: 'lib' });
    const place = await link('../../lib', 'ws/node_modules/lib');
    expect(await read('lib')).toEqual({ readable: [lib, place], warnings: [] });
  });

  it('is readable when it is an alias: installed, or linked to where packages are installed', async () => {
    const installed = await install('ws/node_modules/alias', { name: 'true-name' });
    expect(await read('alias')).toEqual({ readable: [installed], warnings: [] });
    const store = await install('store/node_modules/@acme/lib', { name: '@acme/lib' });
    const place = await link('../../store/node_modules/@acme/lib', 'ws/node_modules/other');
    expect(await read('other')).toEqual({ readable: [store, place], warnings: [] });
  });

  it.each([
    ['no package', 'plain', 'which is no package of that name'],
    ['another package', 'lib', 'which is no package of that name'],
    ['a file', 'lib/package.json', 'which is no package of that name'],
  ])('is not readable when it is %s', async (_, target, why) => {
    await mkdir(join(root, 'plain'));
    await install('lib', { name: 'lib' });
    await link(join(root, target), 'ws/node_modules/host');
    const { readable, warnings } = await read('host');
    expect(readable).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`^the dependency host cannot be read .*${why}$`))]);
  });

  it.each([
    ['the root of the file system', () => '/'],
    ['the home folder', homedir],
    ['a folder above the home folder', () => dirname(homedir())],
    ['the folder that the executor was started in', () => process.cwd()],
    ['a folder that the pack is in, whatever its name', () => join(root, 'ws')],
  ])('is not readable when it is %s', async (_, target) => {
    await install('ws', { name: 'host' });
    await link(target(), 'ws/node_modules/host');
    const { readable, warnings } = await read('host');
    expect(readable).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('which holds more than a package')]);
  });
});

describe('a link in the folder of a pack', () => {
  const outward = () => outwardLink(join(root, 'pack'), [join(root, 'pack')]);

  it.each([
    ['pack/data', '/etc'],
    ['pack/lib/deep/file', '/etc/passwd'],
    ['pack/later', '../is-not-there-yet'],
    ['pack/node_modules/host', '/etc'],
    ['pack/node_modules/@scope/host', '/etc'],
    ['pack/node_modules/.bin/host', '/etc/passwd'],
    ['pack/node_modules', '/etc'],
  ])('%s to %s leads out of it', async (place, target) => {
    await link(target, place);
    expect(join('pack', (await outward()) ?? '')).toBe(place);
  });

  it('may stay in it, and may lead from node_modules to packages and their programs', async () => {
    await install('pack', { name: 'pack' });
    await install('lib', { name: '@scope/lib' });
    await install('node_modules/tool', { name: 'tool' });
    await link('package.json', 'pack/inside');
    await link('../../../lib', 'pack/node_modules/@scope/lib');
    await link('../../../node_modules/tool/package.json', 'pack/node_modules/.bin/tool');
    expect(await outward()).toBeUndefined();
  });
});

describe('a pack with such links', () => {
  const read = `read: async ({ path }) => ({ length: (await import('node:fs')).readFileSync(path).length }),`;
  const dependent = JSON.stringify({ name: 'pack', version: '1.0.0', type: 'module', dependencies: { host: '*' } });

  it('is not started when they are in its folder', async () => {
    const pack: ScratchPack = await scratchPack(read, { files: { 'package.json': dependent } });
    await mkdir(join(pack.folder, 'node_modules'));
    await symlink('/etc', join(pack.folder, 'node_modules', 'host'));
    await expect(openIsolated(isolatedOptions(pack))).rejects.toThrow(
      `its folder has a link that leads out of it: ${join('node_modules', 'host')}`,
    );
    await pack.remove();
  });

  it('cannot read what they lead to when they are above it, and the log says so', async () => {
    const logs: string[] = [];
    const entry = `export default { id: '${PACK_ID}', nodes: Object.entries({ ${read} }).map(([name, run]) => ({ id: '${PACK_ID}.' + name, run })) };`;
    const outer = await scratchPack('', { files: { 'pack/package.json': dependent, 'pack/index.js': entry } });
    await mkdir(join(outer.folder, 'node_modules'));
    const place = join(outer.folder, 'node_modules', 'host');
    await symlink('/etc', place);
    const folder = join(outer.folder, 'pack');
    const host = await openIsolated(isolatedOptions({ folder, entryFile: join(folder, 'index.js') }, {}, logs));
    for (const path of ['/etc/passwd', join(place, 'passwd')]) {
      const { end } = await run(host, 'read', { path });
      expect(end).toMatchObject({ cause: expect.stringContaining('ERR_ACCESS_DENIED') });
    }
    expect(logs).toEqual([expect.stringContaining('warn the dependency host cannot be read by the node pack')]);
    await host.close();
    await outer.remove();
  });
});
