/** `npm run docs`: writes the generated documents (docs/*.md, docs/openapi, .env.example, *.repository.sql) from the code. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildIfNeeded } from './build.mjs';
import { ROOT } from './install.mjs';

buildIfNeeded();
const result = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--no-warnings', join(ROOT, 'node_modules/jest/bin/jest.js'), 'test/docs', 'test/sql'],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ARP_UPDATE_DOCS: '1' } },
);
process.exit(result.status ?? 1);
