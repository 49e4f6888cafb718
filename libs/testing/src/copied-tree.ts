import { chmod, cp, mkdir, mkdtemp, readdir, realpath, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PARTS = [
  'apps',
  'libs',
  'node-packs',
  'scripts',
  'dist',
  'nest-cli.json',
  'tsconfig.json',
  '.swcrc',
  'package.json',
  'package-lock.json',
];

/** A working copy of the built repository, for commands that write into it while other tests read from the original. */
export async function copyTree(): Promise<{ readonly folder: string; remove(): Promise<void> }> {
  await refuseStaleInstall();
  const folder = await mkdtemp(join(tmpdir(), 'arp-tree-'));
  // For root: the user that PostgreSQL then runs as must be able to pass.
  await chmod(folder, 0o755);
  for (const part of PARTS) {
    // Times are kept: what is built and installed stays newer than what it comes from.
    await cp(part, join(folder, part), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  }
  await linkPackages(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A folder of links, each to a real path, as npm makes them: the process of a pack may read those of its dependencies, and no link above. */
async function linkPackages(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const name of await readdir(from)) {
    if (name.startsWith('@')) await linkPackages(join(from, name), join(to, name));
    else await symlink(await realpath(join(from, name)), join(to, name));
  }
}

/** `npm start` in the copy would install what is out of date, through the link, and empty the original's folder first. */
async function refuseStaleInstall(): Promise<void> {
  const [installed, lock] = await Promise.all([stat('node_modules/.package-lock.json'), stat('package-lock.json')]);
  if (installed.mtimeMs < lock.mtimeMs) {
    throw new Error('node_modules is older than package-lock.json: run npm ci first');
  }
}
