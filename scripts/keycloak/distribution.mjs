/**
 * The Keycloak distribution, from Maven Central: fetched by Maven, unpacked and built once into .cache/keycloak, which git ignores.
 * Several processes may ask for it at once; each works in a folder of its own and the first to finish moves its folder into place.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../install.mjs';

export const KEYCLOAK_VERSION = '26.7.3';
const ARTIFACT = `org.keycloak:keycloak-quarkus-dist:${KEYCLOAK_VERSION}:tar.gz`;
const NEEDED_JAVA = 17;
const CACHE = join(ROOT, '.cache', 'keycloak');
const HOME = join(CACHE, `keycloak-${KEYCLOAK_VERSION}`);

/** The first words of a server that has been built. */
const SERVER_RUNS = 'Running the server in development mode';

/** Options that are part of the built server. Another value at a start would build it anew, which takes a minute. */
export const BUILD_OPTIONS = ['--db=dev-mem'];

/** What this machine lacks, as one sentence; undefined when Keycloak can run here. */
export function missingNeed(env = process.env) {
  if (process.platform === 'win32') return 'Keycloak is started by a shell script: run this on Linux, macOS or in WSL.';
  const found = javaMajor(env);
  if (found === undefined || found < NEEDED_JAVA) {
    const instead = found === undefined ? 'there is none' : `this is Java ${found}`;
    return `Keycloak needs Java ${NEEDED_JAVA} or later, and ${instead}: install a JDK, or set JAVA_HOME.`;
  }
  if (!existsSync(HOME) && spawnSync('mvn', ['--version'], { env }).status !== 0)
    return 'Keycloak is fetched by Maven, and there is no mvn: install Maven.';
  return undefined;
}

function javaMajor(env) {
  const java = env.JAVA_HOME ? join(env.JAVA_HOME, 'bin', 'java') : 'java';
  const { status, stderr } = spawnSync(java, ['-version'], { env, encoding: 'utf8' });
  const major = /version "(\d+)/.exec(stderr ?? '')?.[1];
  return status === 0 && major !== undefined ? Number(major) : undefined;
}

/**
 * The folder of the unpacked and built distribution. Throws when Maven, tar or Keycloak's build fails, with their words.
 * @param {(line: string) => void} say gets a line for each step that takes a while
 */
export async function distribution(say) {
  if (existsSync(HOME)) return HOME;
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, 'unpack-'));
  try {
    say(`Fetching Keycloak ${KEYCLOAK_VERSION} by Maven (170 MB, kept)…`);
    const copy = ['dependency:copy', `-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${work}`];
    await run('mvn', ['--batch-mode', '--quiet', '--strict-checksums', ...copy], work);
    await run('tar', ['-xzf', `keycloak-quarkus-dist-${KEYCLOAK_VERSION}.tar.gz`], work);
    say('Building the server (about a minute, once)…');
    const unpacked = join(work, `keycloak-${KEYCLOAK_VERSION}`);
    await build(unpacked);
    await rename(unpacked, HOME).catch((error) => {
      if (!existsSync(HOME)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return HOME;
}

/**
 * Builds the server for `start-dev`, which `kc.sh build` refuses to do: it is started and ended as soon as the first process has built
 * it and the second, which is the server, says that it runs.
 */
async function build(home) {
  const args = ['start-dev', '--http-host=127.0.0.1', '--http-port=0', ...BUILD_OPTIONS];
  const child = spawn(join(home, 'bin', 'kc.sh'), args, {
    cwd: home,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = () => process.kill(-child.pid, 'SIGKILL');
  process.on('exit', end);
  let output = '';
  let built = false;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-4_000);
      if (built || !output.includes(SERVER_RUNS)) return;
      built = true;
      end();
    });
  await once(child, 'close');
  process.off('exit', end);
  if (!built) throw new Error(`Keycloak could not be built:\n${output.trim()}`);
}

/** Resolves when the command has ended well; throws with the end of its output otherwise. */
function run(command, args, cwd) {
  return new Promise((settle, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (output = (output + chunk).slice(-4_000)));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? settle() : reject(new Error(`${command} ${args.join(' ')} failed (${code}):\n${output.trim()}`)),
    );
  });
}
