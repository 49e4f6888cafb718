/**
 * The host process of the embedded PostgreSQL: `node embedded-postgres-host.js DATA_DIR SERVER_SETTINGS_JSON
 * create|must-exist`, started by embedded-postgres.ts with an IPC channel. It lives as long as the channel is open.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { NoBinariesError, placeForData } from './embedded-postgres-place.js';
import type { EmbeddedPostgresClass, Place } from './embedded-postgres-place.js';

export type HostMessage =
  | { readonly type: 'notice'; readonly sentence: string }
  | { readonly type: 'ready'; readonly url: string; readonly dataDir: string }
  | { readonly type: 'failed'; readonly sentence: string };

const DATABASE = 'arp';
const run = promisify(execFile);
const STOP_TIMEOUT_MS = 20_000;

/** A failure whose message is the sentence to show. */
class Refusal extends Error {}

async function main(wantedDir: string, serverSettings: Record<string, string>, mustExist: boolean): Promise<void> {
  const place = await placeForData(wantedDir);
  if (place.dataDir !== wantedDir) {
    say({
      type: 'notice',
      sentence: `PostgreSQL cannot run as root and its user cannot reach ${wantedDir}; its data is kept in ${place.dataDir}.`,
    });
  }
  const clusterDir = join(place.dataDir, 'postgres');
  if (mustExist && !existsSync(clusterDir)) {
    throw new Refusal(`There is no database in ${place.dataDir} yet: npm start, or npm run db:migrate, creates it.`);
  }
  await mkdir(place.dataDir, { recursive: true });
  if (place.isRoot) await chmod(place.dataDir, 0o755);
  await releaseFromDeadHost(place.dataDir, clusterDir);
  const password = await passwordOf(place.dataDir);
  const logs: string[] = [];
  if (await isMissing(clusterDir)) {
    say({ type: 'notice', sentence: `First start: creating a PostgreSQL database in ${clusterDir}.` });
    await initialise(place, clusterDir, password, logs);
  }
  const port = serverSettings['port'] === undefined ? await freePort() : Number(serverSettings['port']);
  const server = newServer(place, clusterDir, password, port, logs, serverSettings);
  await writeFile(hostPidFile(place.dataDir), String(process.pid));
  try {
    await server.start();
  } catch {
    throw new Refusal(
      `PostgreSQL could not start on the data folder ${clusterDir}: ${reasonIn(logs)} Repair or move the folder away, or set ARP_DATA_DIR or DATABASE_URL.`,
    );
  }
  const stop = async () => {
    // The package waits for the end of the server, and that of a killed one has been already.
    const postmaster = await pidIn(join(clusterDir, 'postmaster.pid'));
    if (postmaster !== undefined && isAlive(postmaster)) await server.stop();
    await rm(hostPidFile(place.dataDir), { force: true });
    process.exit(0);
  };
  process.once('disconnect', () => void stop());
  if (!process.connected) await stop();
  await createDatabase(port, password);
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/${DATABASE}`;
  say({ type: 'ready', url, dataDir: place.dataDir });
}

/** True when there is no cluster yet. Refuses a folder that holds something else, or another major version. */
async function isMissing(clusterDir: string): Promise<boolean> {
  const versionFile = join(clusterDir, 'PG_VERSION');
  if (existsSync(versionFile)) {
    const version = (await readFile(versionFile, 'utf8')).trim();
    if (version !== '18') {
      throw new Refusal(
        `The data folder ${clusterDir} belongs to PostgreSQL ${version || '(unreadable version)'}, this suite brings 18. Move it away, or set ARP_DATA_DIR or DATABASE_URL.`,
      );
    }
    return false;
  }
  const content = await readdir(clusterDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new Refusal(
      `The data folder ${clusterDir} cannot be read (${error.code}). Repair it, or set ARP_DATA_DIR or DATABASE_URL.`,
    );
  });
  if (content.length > 0) {
    throw new Refusal(
      `The data folder ${clusterDir} holds files that are not a PostgreSQL database. Move it away, or set ARP_DATA_DIR or DATABASE_URL.`,
    );
  }
  return true;
}

/** Creates the cluster beside its place and moves it there when it is whole, so that a crash leaves no half cluster. */
async function initialise(place: Place, clusterDir: string, password: string, logs: string[]): Promise<void> {
  const unfinished = `${clusterDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  try {
    await newServer(place, unfinished, password, 0, logs, {}).initialise();
  } catch (error) {
    throw new Refusal(`PostgreSQL could not create its data folder ${clusterDir}: ${lastLine(error)}`);
  }
  await rm(clusterDir, { recursive: true, force: true });
  await rename(unfinished, clusterDir);
}

/** A server whose host was killed with -9 may still run: it is stopped. One whose host lives belongs to another suite. */
async function releaseFromDeadHost(dataDir: string, clusterDir: string): Promise<void> {
  const lock = join(clusterDir, 'postmaster.pid');
  const postmaster = await pidIn(lock);
  if (postmaster === undefined || !isAlive(postmaster)) return;
  if (!(await isServerOf(postmaster, clusterDir))) {
    // The process id has gone to some other program: the lock is left over from a crash.
    await rm(lock, { force: true });
    return;
  }
  const host = await pidIn(hostPidFile(dataDir));
  if (host !== undefined && isAlive(host)) {
    // The suite that was just stopped may still be stopping its server: give it a moment before refusing.
    if (await endsWithin(postmaster, 3_000)) return;
    throw new Refusal(
      `The data folder ${dataDir} is in use by another running suite (PostgreSQL process ${postmaster}). Stop it, or set ARP_DATA_DIR or DATABASE_URL.`,
    );
  }
  process.kill(postmaster, 'SIGINT');
  if (!(await endsWithin(postmaster, STOP_TIMEOUT_MS))) {
    throw new Refusal(
      `A PostgreSQL left behind on ${clusterDir} (process ${postmaster}) does not stop. End it, then start again.`,
    );
  }
}

/** Whether the process is a PostgreSQL server that works on this folder. */
async function isServerOf(pid: number, clusterDir: string): Promise<boolean> {
  const { stdout } = await run('ps', ['-p', String(pid), '-o', 'args=']).catch(() => ({ stdout: '' }));
  return stdout.includes('postgres') && stdout.includes(clusterDir);
}

async function endsWithin(pid: number, ms: number): Promise<boolean> {
  for (const until = Date.now() + ms; Date.now() < until;) {
    if (!isAlive(pid)) return true;
    await sleep(50);
  }
  return !isAlive(pid);
}

async function pidIn(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const pid = Number.parseInt(text.split('\n', 1)[0] ?? '', 10);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function hostPidFile(dataDir: string): string {
  return join(dataDir, 'postgres-host.pid');
}

/** The superuser's password of this data folder, made once and readable by its owner only. */
async function passwordOf(dataDir: string): Promise<string> {
  const path = join(dataDir, 'postgres-password');
  if (existsSync(path)) return (await readFile(path, 'utf8')).trim();
  const password = randomBytes(24).toString('hex');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${password}\n`, { mode: 0o600 });
  return password;
}

function newServer(
  place: Place,
  databaseDir: string,
  password: string,
  port: number,
  logs: string[],
  settings: Record<string, string>,
): InstanceType<EmbeddedPostgresClass> {
  const flags = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200', ...settings };
  const keep = (line: unknown) => {
    logs.push(String(line));
    if (logs.length > 200) logs.shift();
  };
  return new place.EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password,
    authMethod: 'scram-sha-256',
    persistent: true,
    createPostgresUser: place.isRoot,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: Object.entries(flags).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: keep,
    onError: keep,
  });
}

async function createDatabase(port: number, password: string): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database: 'postgres' });
  await client.connect();
  const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
  if (found.rowCount === 0) await client.query(`create database ${DATABASE}`);
  await client.end();
}

function freePort(): Promise<number> {
  return new Promise((settle, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => settle(port));
    });
  });
}

function reasonIn(logs: readonly string[]): string {
  const lines = logs.join('\n').split('\n');
  const fatal =
    lines.find((line) => /FATAL|PANIC/.test(line)) ?? lines.filter((line) => line.trim() !== '').at(-1) ?? 'no output';
  return `${fatal.replace(/^.*?(FATAL|PANIC)/, '$1').trim()}.`;
}

function lastLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n').at(-1) ?? text;
}

function say(message: HostMessage): void {
  if (process.connected) process.send?.(message);
}

const [, , wantedDir = '.data', settings = '{}', create = 'create'] = process.argv;
main(wantedDir, JSON.parse(settings) as Record<string, string>, create === 'must-exist').catch((error: unknown) => {
  const sentence =
    error instanceof Refusal || error instanceof NoBinariesError
      ? error.message
      : `The embedded PostgreSQL failed: ${lastLine(error)}`;
  if (process.connected) process.send?.({ type: 'failed', sentence } satisfies HostMessage, () => process.exit(1));
  else process.exit(1);
});
