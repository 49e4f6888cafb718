import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAlive, isolatedOptions, PACK_ID, run, scratchPack } from '../../test/scratch-pack.js';
import type { ScratchPack } from '../../test/scratch-pack.js';
import { openIsolated } from './isolated-host.js';
import type { PackHost } from './pack-host.js';
import { processFlags } from './process-flags.js';

const NO_GRANTS = { filesRead: [], filesWrite: [], childProcess: false, workerThreads: false, nativeAddons: false };
const ATTEMPTS = `
  env: () => ({ env: { ...process.env }, argv: process.execArgv.filter((flag) => !flag.startsWith('--')) }),
  cwd: () => ({ cwd: process.cwd() }),
  read: async ({ path }) => ({ length: (await import('node:fs')).readFileSync(path).length }),
  write: async ({ path }) => { (await import('node:fs')).writeFileSync(path, 'written'); return {}; },
  parentEnv: async () => ({ text: (await import('node:fs')).readFileSync('/proc/' + process.ppid + '/environ', 'latin1') }),
  spawn: async () => ({ status: (await import('node:child_process')).spawnSync(process.execPath, ['--version']).status }),
  lingering: async () => ({ pid: (await import('node:child_process')).spawn(process.execPath, ['-e', 'setInterval(() => 1, 1000)'], { stdio: 'inherit' }).pid }),
  worker: async () => { const { Worker } = await import('node:worker_threads'); const worker = new Worker('0', { eval: true }); await new Promise((settle) => worker.once('exit', settle)); return { ran: true }; },
  kill: () => { process.kill(process.ppid, 0); return {}; },
  nativeKill: () => { process._kill(process.ppid, 0); return {}; },
  debug: () => { process._debugProcess(process.ppid); return {}; },
  nice: async () => { (await import('node:os')).setPriority(process.ppid, 5); return {}; },
  inspector: async () => { (await import('node:inspector')).open(0); return {}; },
  binding: () => { process.binding('fs'); return {}; },
  dlopen: () => { process.dlopen({ exports: {} }, '/nowhere.node'); return {}; },
  wasi: async () => { const { WASI } = await import('node:wasi'); new WASI({ version: 'preview1', preopens: { '/': '/' } }); return {}; },
  connect: async ({ port }) => { const { connect } = await import('node:net'); return new Promise((settle, reject) => connect(port, '127.0.0.1').on('connect', function () { this.destroy(); settle({ connected: true }); }).on('error', reject)); },`;

let pack: ScratchPack;
let host: PackHost;
let folder: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'arp-granted-')));
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'data', 'file.txt'), 'four');
  pack = await scratchPack(ATTEMPTS);
  host = await openIsolated(isolatedOptions(pack));
});
afterAll(async () => {
  await host.close();
  await pack.remove();
  await rm(folder, { recursive: true });
});

describe('without grants', () => {
  it('its environment is empty and its folder is that of the package', async () => {
    expect((await run(host, 'env')).end).toMatchObject({ outputs: { env: {}, argv: [] } });
    expect((await run(host, 'cwd')).end).toMatchObject({ outputs: { cwd: pack.folder } });
  });

  it('it reads its own package', async () => {
    expect((await run(host, 'read', { path: join(pack.folder, 'package.json') })).end.state).toBe('succeeded');
  });

  it.each([
    ['read', { path: '/etc/passwd' }, 'ERR_ACCESS_DENIED'],
    ['read', { path: fileURLToPath(new URL('../../../../package.json', import.meta.url)) }, 'ERR_ACCESS_DENIED'],
    ['write', { path: 'written.txt' }, 'ERR_ACCESS_DENIED'],
    ['parentEnv', {}, 'ERR_ACCESS_DENIED'],
    ['spawn', {}, 'ERR_ACCESS_DENIED'],
    ['worker', {}, 'ERR_ACCESS_DENIED'],
    ['kill', {}, 'ERR_ACCESS_DENIED'],
    ['nativeKill', {}, 'ERR_ACCESS_DENIED'],
    ['debug', {}, 'ERR_ACCESS_DENIED'],
    ['nice', {}, 'ERR_ACCESS_DENIED'],
    ['inspector', {}, 'ERR_ACCESS_DENIED'],
    ['binding', {}, 'ERR_ACCESS_DENIED'],
    ['wasi', {}, 'ERR_ACCESS_DENIED'],
    ['dlopen', {}, 'ERR_DLOPEN_DISABLED'],
  ])('%s %j is denied', async (node, inputs, code) => {
    const { end } = await run(host, node, inputs);
    expect(end).toMatchObject({ error: { code: 'handler_error' }, cause: expect.stringContaining(code) });
  });

  it('the network is open: this is no sandbox', async () => {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await new Promise((settle) => server.once('listening', settle));
    const { port } = server.address() as AddressInfo;
    expect((await run(host, 'connect', { port })).end).toMatchObject({ outputs: { connected: true } });
    await new Promise((settle) => server.close(settle));
  });
});

describe('what is granted works', () => {
  it('files', async () => {
    const data = join(folder, 'data');
    const grants = { ...NO_GRANTS, filesRead: [data], filesWrite: [data, join(folder, 'one.txt')] };
    const granted = await openIsolated(isolatedOptions(pack, { grants }));
    expect((await run(granted, 'read', { path: join(data, 'file.txt') })).end).toMatchObject({
      outputs: { length: 4 },
    });
    expect((await run(granted, 'write', { path: join(data, 'new.txt') })).end.state).toBe('succeeded');
    expect((await run(granted, 'write', { path: join(folder, 'one.txt') })).end.state).toBe('succeeded');
    expect((await run(granted, 'write', { path: join(folder, 'other.txt') })).end.state).toBe('failed');
    expect((await run(granted, 'read', { path: '/etc/passwd' })).end.state).toBe('failed');
    expect(await readFile(join(folder, 'one.txt'), 'utf8')).toBe('written');
    await granted.close();
  });

  it('child processes and workers; children end with the process', async () => {
    const grants = { ...NO_GRANTS, childProcess: true, workerThreads: true };
    const granted = await openIsolated(isolatedOptions(pack, { grants, maxProcesses: 1 }));
    expect((await run(granted, 'spawn')).end).toMatchObject({ outputs: { status: 0 } });
    expect((await run(granted, 'worker')).end).toMatchObject({ outputs: { ran: true } });
    expect((await run(granted, 'kill')).end.state).toBe('succeeded');
    const { end } = await run(granted, 'lingering');
    const { pid } = (end as unknown as { outputs: { pid: number } }).outputs;
    expect(isAlive(pid)).toBe(true);
    await granted.close();
    for (const giveUpAt = Date.now() + 20_000; isAlive(pid) && Date.now() < giveUpAt;) {
      await new Promise((settle) => setTimeout(settle, 20));
    }
    expect(isAlive(pid)).toBe(false);
  });

  it('a path with a star is refused', async () => {
    const grants = { ...NO_GRANTS, filesRead: ['/data/*'] };
    await expect(openIsolated(isolatedOptions(pack, { grants }))).rejects.toThrow('the path /data/* has a "*"');
  });
});

describe('the flags', () => {
  it('are those that the running Node knows', async () => {
    const newer = await processFlags(['/pack'], 64, NO_GRANTS, new Set(['--permission', '--allow-net']));
    expect(newer).toEqual([
      '--no-warnings',
      '--max-old-space-size=64',
      '--permission',
      '--allow-fs-read=/pack/',
      '--allow-net',
      '--no-addons',
    ]);
    const older = await processFlags(['/pack'], 64, NO_GRANTS, new Set(['--experimental-permission']));
    expect(older).toContain('--experimental-permission');
    expect(older).not.toContain('--allow-net');
  });
});

describe('the code of a pack', () => {
  const handlers = `pid: () => ({}),`;

  it('finds its dependencies: nested, hoisted, linked, of dependencies, ESM and CommonJS', async () => {
    const packageJson = (name: string, more: object) => JSON.stringify({ name, version: '1.0.0', ...more });
    const root = await scratchPack('', {
      files: {
        'node_modules/@acme/pack/package.json': packageJson('@acme/pack', {
          type: 'module',
          dependencies: { nested: '1', hoisted: '1', absent: '1' },
          peerDependencies: { '@arp-jarvis/node-pack-sdk': '1' },
        }),
        'node_modules/@acme/pack/index.js': `import { nested } from 'nested';
          import hoisted from 'hoisted';
          import { defineNode, definePack } from '@arp-jarvis/node-pack-sdk';
          const object = { type: 'object' };
          const read = defineNode({ id: '${PACK_ID}.read', description: 'Reads.', input: object, output: object,
            run: async () => ({ nested, deep: hoisted.deep, stranger: await import('stranger').catch((error) => ({ code: error.code })) }) });
          export default definePack({ id: '${PACK_ID}', version: '1.0.0', nodes: [read] });`,
        'node_modules/@acme/pack/node_modules/nested/package.json': packageJson('nested', {
          type: 'module',
          exports: './n.js',
        }),
        'node_modules/@acme/pack/node_modules/nested/n.js': `export const nested = 'nested';`,
        'node_modules/hoisted/package.json': packageJson('hoisted', { main: './h.js', dependencies: { deep: '1' } }),
        'node_modules/hoisted/h.js': `exports.deep = require('deep').name;`,
        'node_modules/stranger/package.json': packageJson('stranger', { main: './s.js' }),
        'node_modules/stranger/s.js': `exports.read = true;`,
        'workspace/deep/package.json': packageJson('deep', { main: 'd' }),
        'workspace/deep/d.js': `exports.name = 'deep';`,
      },
    });
    const modules = join(root.folder, 'node_modules');
    await symlink('../workspace/deep', join(modules, 'deep'));
    await mkdir(join(modules, '@arp-jarvis'));
    await symlink(fileURLToPath(new URL('../..', import.meta.url)), join(modules, '@arp-jarvis', 'node-pack-sdk'));
    const packFolder = join(modules, '@acme', 'pack');
    const found = await openIsolated(isolatedOptions({ folder: packFolder, entryFile: join(packFolder, 'index.js') }));
    expect((await run(found, 'read')).end).toMatchObject({
      outputs: { nested: 'nested', deep: 'deep', stranger: { code: 'ERR_ACCESS_DENIED' } },
    });
    await found.close();
    await root.remove();
  });

  it('may be CommonJS', async () => {
    const common = await scratchPack('', {
      files: {
        'package.json': '{"name":"common","version":"1.0.0"}',
        'index.js': `const path = require('node:path'); const { word } = require('./word');
          Object.defineProperty(exports, '__esModule', { value: true });
          exports.default = { id: '${PACK_ID}', nodes: [{ id: '${PACK_ID}.say', run: () => ({ word, name: path.basename(__filename) }) }] };`,
        'word.js': `exports.word = 'common';`,
      },
    });
    const opened = await openIsolated(isolatedOptions(common));
    expect((await run(opened, 'say')).end).toMatchObject({ outputs: { word: 'common', name: 'index.js' } });
    await opened.close();
    await common.remove();
  });

  it('is not shown what NODE_OPTIONS of the host asks for', async () => {
    const probe = await scratchPack(handlers, {
      files: { 'preload.cjs': `require('node:fs').writeSync(2, 'preloaded ' + process.argv[1]);` },
    });
    const runtime = new URL('../../dist/runtime/index.js', import.meta.url).href;
    const { log: _, ...options } = isolatedOptions(probe);
    const program = `import { openIsolated } from '${runtime}';
      const host = await openIsolated({ ...${JSON.stringify(options)}, log: (level, line) => console.log('LOGGED ' + line) });
      await host.close();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { NODE_OPTIONS: `--require=${join(probe.folder, 'preload.cjs')}` },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += String(chunk)));
    child.stderr.on('data', (chunk: Buffer) => (output += String(chunk)));
    await new Promise((settle) => child.once('close', settle));
    expect(output).toContain('preloaded');
    expect(output).not.toContain('LOGGED');
    await probe.remove();
  });
});
