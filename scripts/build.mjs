/**
 * Builds what Node runs: the SDK, the client, the node packs with their manifests, and apps and libs into dist/. Does nothing when no
 * source is newer than the last build (`--force` builds anyway).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ROOT } from './install.mjs';

const STAMP = join(ROOT, 'dist', '.built');
const SOURCES = ['apps', 'libs', 'node-packs', '.swcrc', 'package-lock.json', 'scripts/build.mjs'];
const PACKS = readdirSync(join(ROOT, 'node-packs')).map((name) => join(ROOT, 'node-packs', name));

export function buildIfNeeded({ force = false } = {}) {
  if (!force && existsSync(STAMP) && statSync(STAMP).mtimeMs > newest(SOURCES.map((path) => join(ROOT, path)))) return;
  process.stdout.write('Building…\n');
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  const sdk = join(ROOT, 'libs', 'node-pack-sdk');
  for (const lib of [sdk, join(ROOT, 'libs', 'create-node-pack')]) {
    rmSync(join(lib, 'dist'), { recursive: true, force: true });
    swc(lib, ['src', '-d', 'dist', '--strip-leading-paths']);
  }
  // Authors of packs in TypeScript need the types of the SDK.
  run(sdk, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'], 'inherit');
  buildClient(join(ROOT, 'libs', 'client'));
  for (const pack of PACKS) {
    swc(pack, ['src', '-d', 'dist', '--strip-leading-paths']);
    run(pack, [join(sdk, 'bin', 'jarvis-node-pack.js'), 'build']);
  }
  swc(ROOT, [
    'apps',
    'libs',
    '-d',
    'dist',
    '--ignore',
    'libs/node-pack-sdk/**',
    '--ignore',
    'libs/create-node-pack/**',
    '--ignore',
    'libs/client/**',
  ]);
  writeFileSync(STAMP, '');
}

/** ES modules and CommonJS, each with types of its own: those of a `.js` file say what kind of module it is. */
function buildClient(folder) {
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  for (const [format, type] of [
    ['esm', 'module'],
    ['cjs', 'commonjs'],
  ]) {
    const dist = join('dist', format);
    const isCommonJs = format === 'cjs' ? ['-C', 'module.type=commonjs'] : [];
    swc(folder, ['src', '-d', dist, '--strip-leading-paths', ...isCommonJs]);
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    run(folder, [tsc, '-p', 'tsconfig.build.json', '--outDir', dist], 'inherit');
    writeFileSync(join(folder, dist, 'package.json'), `${JSON.stringify({ type })}\n`);
  }
}

function swc(folder, args) {
  const bin = join(ROOT, 'node_modules', '@swc', 'cli', 'bin', 'swc.js');
  run(folder, [bin, ...args, '--config-file', join(ROOT, '.swcrc'), '--ignore', '**/*.spec.ts', '--quiet']);
}

function run(folder, args, stdout = 'ignore') {
  const result = spawnSync(process.execPath, args, { cwd: folder, stdio: ['ignore', stdout, 'inherit'] });
  if (result.status !== 0) fail(`the build failed in ${folder}; the message is above.`);
}

function newest(paths) {
  let latest = 0;
  for (const path of paths) {
    const info = statSync(path);
    if (!info.isDirectory()) latest = Math.max(latest, info.mtimeMs);
    else {
      const children = readdirSync(path).filter(
        (name) => name !== 'dist' && name !== 'node_modules' && name !== 'jarvis.nodepack.json',
      );
      latest = Math.max(latest, newest(children.map((name) => join(path, name))));
    }
  }
  return latest;
}

if (process.argv[1] === join(ROOT, 'scripts', 'build.mjs')) buildIfNeeded({ force: process.argv.includes('--force') });
