import { chmod, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
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
  const folder = await mkdtemp(join(tmpdir(), 'arp-tree-'));
  // For root: the user that PostgreSQL then runs as must be able to pass.
  await chmod(folder, 0o755);
  for (const part of PARTS) {
    // Times are kept: what is built and installed stays newer than what it comes from.
    await cp(part, join(folder, part), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  }
  await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
