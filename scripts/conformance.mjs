/**
 * `npm run conformance`: starts the suite on free ports with a throw-away database and lets the standard's own tool,
 * arp-conformance, check its three services at the tiers smoke and surface. The tool is installed into .venv (Python 3.10 or
 * later). Without Python this says so and skips; in CI (CI=true) it fails.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildIfNeeded } from './build.mjs';
import { checkNode, fail, installIfNeeded, ROOT } from './install.mjs';

const VENV = join(ROOT, '.venv');
const PYTHON = join(VENV, 'bin', 'python');
const TIERS = ['smoke', 'surface'];

checkNode();
installTool();
installIfNeeded();
buildIfNeeded();

const ports = {
  'run-gateway': await freePort(),
  'run-coordinator': await freePort(),
  'atomic-executor': await freePort(),
};
const dataDir = mkdtempSync(join(tmpdir(), 'arp-conformance-'));
const suite = spawn(process.execPath, [join(ROOT, 'dist/apps/standalone/src/main.js'), '--no-demo'], {
  cwd: ROOT,
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {
    ...process.env,
    ARP_DATA_DIR: dataDir,
    ARP_RUN_GATEWAY_PORT: String(ports['run-gateway']),
    ARP_RUN_COORDINATOR_PORT: String(ports['run-coordinator']),
    ARP_ATOMIC_EXECUTOR_PORT: String(ports['atomic-executor']),
    ARP_TOOL_GATEWAY_PORT: '0',
  },
});
let passed = 0;
let failed = 0;
try {
  for (const port of Object.values(ports)) await untilServing(port);
  for (const [service, port] of Object.entries(ports)) {
    for (const tier of TIERS) {
      const launcher = join(ROOT, 'test', 'conformance', 'launch_arp_conformance.py');
      const check = [launcher, 'check', service, '--url', `http://127.0.0.1:${port}`, '--tier', tier, '--strict'];
      if (spawnSync(PYTHON, check, { stdio: 'inherit' }).status === 0) passed += 1;
      else failed += 1;
    }
  }
} finally {
  suite.kill('SIGTERM');
  await new Promise((settle) => (suite.exitCode === null ? suite.once('exit', settle) : settle()));
  rmSync(dataDir, { recursive: true, force: true });
}
process.stdout.write(`conformance: ${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);

function installTool() {
  const python = ['python3', 'python'].find((name) => spawnSync(name, ['--version']).status === 0);
  if (python === undefined) {
    if (process.env.CI === 'true') fail('conformance needs Python 3.10 or later, and there is none.');
    process.stdout.write('conformance: skipped, it needs Python 3.10 or later and there is none.\n');
    process.exit(0);
  }
  const run = (command, args) => {
    if (spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
      fail(`${command} ${args.join(' ')} failed.`);
  };
  if (!existsSync(PYTHON)) run(python, ['-m', 'venv', VENV]);
  run(PYTHON, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '-r',
    join(ROOT, 'test/conformance/requirements.txt'),
  ]);
}

async function untilServing(port) {
  for (let attempt = 0; attempt < 300 && suite.exitCode === null; attempt += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/v1/health`).catch(() => undefined);
    if (response?.ok) return;
    await sleep(100);
  }
  fail('the suite did not come up; its output is above.');
}

function freePort() {
  return new Promise((settle, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => settle(port));
    });
  });
}
