/**
 * Checks Node and installs the dependencies when they are missing or older than the lock file. Plain JavaScript without
 * dependencies: it runs before there are any.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LOCK = join(ROOT, 'package-lock.json');
/** npm writes this at the end of every install. */
const INSTALLED = join(ROOT, 'node_modules', '.package-lock.json');
const [NEEDED_MAJOR, NEEDED_MINOR] = [20, 19];

/** Ends the process with one sentence. */
export function fail(sentence) {
  process.stderr.write(`error: ${sentence}\n`);
  process.exit(1);
}

export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major < NEEDED_MAJOR || (major === NEEDED_MAJOR && minor < NEEDED_MINOR)) {
    fail(
      `this needs Node ${NEEDED_MAJOR}.${NEEDED_MINOR} or later, and it runs on ${version}. Install a newer Node from https://nodejs.org.`,
    );
  }
}

export function installIfNeeded() {
  if (existsSync(INSTALLED) && statSync(INSTALLED).mtimeMs >= statSync(LOCK).mtimeMs) return;
  process.stdout.write('Installing dependencies (npm ci)…\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const result = spawnSync(npm, ['ci', '--loglevel=error'], {
    cwd: ROOT,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (result.status !== 0)
    fail('npm ci failed; its own message is above. Check the network and the npm registry settings.');
}
