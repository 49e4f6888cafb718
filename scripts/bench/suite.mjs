import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../install.mjs';
import { atEnd } from './ending.mjs';
import { connectTo } from './http-client.mjs';

const MAIN = join(ROOT, 'dist/apps/standalone/src/main.js');
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;
const KEPT_LOG = 4_000;

/**
 * @typedef {object} Suite
 * @property {number} pid
 * @property {import('./http-client.mjs').HttpClient} gateway
 * @property {import('./http-client.mjs').HttpClient} coordinator
 * @property {import('./http-client.mjs').HttpClient} toolGateway
 * @property {string} database name of its database
 */

/**
 * Runs `use` with a suite in a process of its own on a new database `name`, which stays when the suite is stopped.
 *
 * @param {object} options
 * @param {import('./postgres.mjs').BenchPostgres} options.postgres
 * @param {string} options.name
 * @param {number} options.connections most requests at once, to each service
 * @param {Record<string, string>} options.settings of the suite; `{coordinator}` in a value is its base URL
 * @param {string[]} [options.nodeFlags]
 * @param {(suite: Suite) => Promise<T>} use
 * @template T
 */
export async function withSuite({ postgres, name, connections, settings, nodeFlags = [] }, use) {
  await postgres.createDatabase(name);
  const ports = [await freePort(), await freePort(), await freePort(), await freePort()];
  const [gateway, coordinator, executor, toolGateway] = ports;
  const origin = (port) => `http://127.0.0.1:${port}`;
  const env = {
    // What the developer has in the environment or in .env files does not count: only what is printed does.
    ...Object.fromEntries(
      ['PATH', 'HOME', 'TMPDIR'].flatMap((key) => (process.env[key] ? [[key, process.env[key]]] : [])),
    ),
    DATABASE_URL: postgres.url(name),
    ARP_DATABASE_MIGRATE: 'true',
    ARP_DATA_DIR: postgres.folder,
    ARP_RUN_GATEWAY_PORT: String(gateway),
    ARP_RUN_COORDINATOR_PORT: String(coordinator),
    ARP_ATOMIC_EXECUTOR_PORT: String(executor),
    ARP_TOOL_GATEWAY_PORT: String(toolGateway),
    JARVIS_POLICY_PROFILE: 'dev-allow',
    LOG_LEVEL: 'warn',
    LOG_FORMAT: 'json',
    ...settings,
  };
  for (const [key, value] of Object.entries(env)) env[key] = value.replace('{coordinator}', origin(coordinator));
  const child = spawn(process.execPath, [...nodeFlags, MAIN, '--no-demo'], {
    cwd: postgres.folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log = lastOf(child);
  const stop = atEnd(() => end(child));
  const clients = [gateway, coordinator, toolGateway].map((port) => connectTo(origin(port), connections));
  try {
    await untilServing(ports.map(origin), child);
    const [asGateway, asCoordinator, asToolGateway] = clients;
    return await use({
      pid: child.pid,
      gateway: asGateway,
      coordinator: asCoordinator,
      toolGateway: asToolGateway,
      database: name,
    });
  } catch (error) {
    throw new Error(`${error.message}${log() === '' ? '' : `\nThe suite's last log lines:\n${log()}`}`, {
      cause: error,
    });
  } finally {
    for (const client of clients) await client.close();
    await stop();
  }
}

async function untilServing(origins, child) {
  const giveUpAt = performance.now() + START_TIMEOUT_MS;
  for (const origin of origins) {
    for (;;) {
      const response = await fetch(`${origin}/v1/health`).catch(() => undefined);
      await response?.text();
      if (response?.ok) break;
      if (child.exitCode !== null || performance.now() > giveUpAt) throw new Error('the suite did not come up');
      await sleep(50);
    }
  }
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((settle) => child.once('exit', settle));
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await gone;
  clearTimeout(kill);
}

/** The end of what a process has logged, for the message of a failure. */
function lastOf(child) {
  let text = '';
  child.stderr.on('data', (chunk) => {
    text = (text + chunk).slice(-KEPT_LOG);
  });
  return () => text.trim();
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
