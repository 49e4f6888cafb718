/** `npm test`: installs and builds what is missing, then runs every test. Arguments go to Jest. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildIfNeeded } from './build.mjs';
import { checkNode, installIfNeeded, ROOT } from './install.mjs';

checkNode();
installIfNeeded();
buildIfNeeded();
const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
const result = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--no-warnings', jest, ...process.argv.slice(2)],
  {
    cwd: ROOT,
    stdio: 'inherit',
  },
);
process.exit(result.status ?? 1);
