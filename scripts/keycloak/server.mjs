/** A running Keycloak with a realm of ours: everything in memory, on this machine only, gone when it stops. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, open, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../install.mjs';
import { BUILD_OPTIONS, distribution } from './distribution.mjs';

export const REALM_FILE = join(ROOT, 'deploy', 'keycloak', 'realm-arp-dev.json');
const START_LIMIT_MS = 300_000;
const STOP_LIMIT_MS = 15_000;

/**
 * Keycloak's script, with a guard in its process group: when the pipe to this process closes, however this process ended, the guard
 * ends the group and removes the home folder. `exec` keeps the process id ($$), which is the id of the group too.
 */
const GUARDED = `exec 3<&0
(
  trap '' TERM INT
  cat <&3 >/dev/null
  kill -TERM 0
  tries=0
  while kill -0 $$ && [ $tries -lt 15 ]; do sleep 1; tries=$((tries + 1)); done
  rm -rf "\${0%/bin/kc.sh}"
  kill -KILL 0
) >/dev/null 2>&1 &
exec 3<&- </dev/null
exec "$0" "$@"`;

/**
 * Starts Keycloak on a loopback port and waits until it serves the realm of the file.
 *
 * @param {object} [options]
 * @param {number} [options.port] default: a free one
 * @param {string} [options.host] the name in the issuer, 127.0.0.1 (default) or localhost
 * @param {string} [options.realmFile] default: deploy/keycloak/realm-arp-dev.json
 * @param {(line: string) => void} [options.say] gets a line for each step that takes a while
 * @returns {Promise<{url: string, issuer: string, pid: number, ended: Promise<void>, stop: () => Promise<void>}>}
 *   `ended` resolves when Keycloak has ended, by `stop` or by itself; `stop` may be called again.
 *   Throws when Keycloak ends before it serves, with the end of its log.
 */
export async function startKeycloak({
  port: wanted,
  host = '127.0.0.1',
  realmFile = REALM_FILE,
  say = () => undefined,
} = {}) {
  const { realm } = JSON.parse(await readFile(realmFile, 'utf8'));
  const port = await freePort(wanted);
  const built = await distribution(say);
  const url = `http://${host}:${port}`;
  const home = await makeHome(built, realmFile);
  const logFile = join(home, 'keycloak.log');
  const log = await open(logFile, 'w');
  const options = ['--http-host=127.0.0.1', `--http-port=${port}`, `--hostname=${url}`];
  const args = ['start-dev', '--import-realm', ...BUILD_OPTIONS, ...options, '--hostname-backchannel-dynamic=true'];
  const child = spawn('sh', ['-c', GUARDED, join(home, 'bin', 'kc.sh'), ...args], {
    cwd: home,
    detached: true,
    env: ownEnvironment(),
    stdio: ['pipe', log.fd, log.fd],
  });
  child.stdin.on('error', () => undefined);
  const exited = once(child, 'exit');
  const ended = exited.then(async () => {
    killGroup(child.pid, 'SIGKILL');
    await log.close();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });
  const stop = async () => {
    killGroup(child.pid, 'SIGTERM');
    const late = setTimeout(() => killGroup(child.pid, 'SIGKILL'), STOP_LIMIT_MS);
    await ended;
    clearTimeout(late);
  };
  const issuer = `${url}/realms/${realm}`;
  try {
    await untilServing(`http://127.0.0.1:${port}/realms/${realm}/.well-known/openid-configuration`, child, say);
  } catch (error) {
    const tail = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-30).join('\n');
    await stop();
    throw new Error(`${error.message} The end of its log:\n${tail}`, { cause: error });
  }
  return { url, issuer, pid: child.pid, ended, stop };
}

/** A home folder of its own, for the realm to import and what Keycloak writes; the built server is shared. */
async function makeHome(built, realmFile) {
  const home = await mkdtemp(join(tmpdir(), 'arp-keycloak-'));
  await mkdir(join(home, 'bin'));
  await mkdir(join(home, 'data', 'import'), { recursive: true });
  // kc.sh takes the folder that it lies in, links resolved, as its home: so it is copied.
  await copyFile(join(built, 'bin', 'kc.sh'), join(home, 'bin', 'kc.sh'));
  for (const name of ['lib', 'conf', 'providers', 'themes', 'version.txt'])
    await symlink(join(built, name), join(home, name));
  await copyFile(realmFile, join(home, 'data', 'import', 'realm.json'));
  return home;
}

/** Without the caller's KC_* settings, which would change the server; the first administrator's are passed on. */
function ownEnvironment() {
  const keep = ([name]) => !name.startsWith('KC_') || name.startsWith('KC_BOOTSTRAP_ADMIN_');
  return Object.fromEntries(Object.entries(process.env).filter(keep));
}

async function untilServing(discovery, child, say) {
  say('Starting Keycloak…');
  const begin = Date.now();
  let said = begin;
  while (Date.now() - begin < START_LIMIT_MS) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('Keycloak ended while it started.');
    const response = await fetch(discovery, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    if (response?.ok) return;
    if (Date.now() - said >= 10_000) {
      said = Date.now();
      say(`  … ${Math.round((said - begin) / 1000)} s`);
    }
    await sleep(250);
  }
  throw new Error(`Keycloak did not serve the realm within ${START_LIMIT_MS / 1000} s.`);
}

function killGroup(leader, signal) {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** The wanted port, or any; throws when it is taken. */
function freePort(wanted = 0) {
  return new Promise((settle, reject) => {
    const probe = createServer();
    probe.on('error', (error) =>
      reject(error.code === 'EADDRINUSE' ? new Error(`Port ${wanted} of 127.0.0.1 is taken: choose another.`) : error),
    );
    probe.listen(wanted, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => settle(port));
    });
  });
}
