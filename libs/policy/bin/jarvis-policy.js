#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../../../dist/libs/policy/src/cli/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write('error: jarvis-policy is not built yet. Run npm run build first.\n');
  process.exitCode = 2;
}
