import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './service-process.js';

/**
 * A PostgreSQL of its own for one test file, which can crash, stand still and come back on the same port with the same data. It is as
 * durable as in production: `fsync` is on.
 */
export interface PostgresServer {
  /** postgres:// URL of an empty database; stays the same over restarts. */
  readonly url: string;
  /** Ends every process of the server with `kill -9`. */
  crash(): Promise<void>;
  /** Starts a crashed server on its port and data; resolves when it accepts connections. */
  restart(): Promise<void>;
  /** Stops every process of the server with SIGSTOP: connections stay open and nothing answers. */
  pause(): Promise<void>;
  /** Lets a paused server go on; no effect on one that runs. */
  resume(): void;
  /** Stops the server and removes its data. */
  stop(): Promise<void>;
}

interface Host {
  readonly process: ChildProcess;
  readonly url: string;
  readonly dataDir: string;
}

type HostMessage =
  | { readonly type: 'notice'; readonly sentence: string }
  | { readonly type: 'ready'; readonly url: string; readonly dataDir: string }
  | { readonly type: 'failed'; readonly sentence: string };

/** The built host of embedded-postgres.ts: it stops the server when this process dies without a word. */
const HOST = 'dist/libs/database/src/embedded-postgres-host.js';
const RESTART_TIMEOUT_MS = 60_000;
const run = promisify(execFile);

/** @param settings further server settings, e.g. `{ max_connections: '20' }` */
export async function startPostgresServer(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'arp-postgres-'));
  // For root: the user that PostgreSQL then runs as must be able to pass.
  await chmod(folder, 0o755);
  const all = { ...settings, port: String(await freePort()) };
  try {
    return new CrashablePostgres(folder, all, await startHost(folder, all));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

class CrashablePostgres implements PostgresServer {
  private isRunning = true;
  private paused: readonly number[] = [];

  constructor(
    private readonly folder: string,
    private readonly settings: Readonly<Record<string, string>>,
    private host: Host,
  ) {}

  get url(): string {
    return this.host.url;
  }

  async crash(): Promise<void> {
    const pids = await this.pids();
    this.isRunning = false;
    this.paused = [];
    // The parent first, so that it makes no more children.
    for (const pid of pids) signal(pid, 'SIGKILL');
    await this.endHost();
  }

  async restart(): Promise<void> {
    // What is left of the crashed one may hold its memory for a moment longer.
    for (const giveUpAt = Date.now() + RESTART_TIMEOUT_MS; ;) {
      try {
        this.host = await startHost(this.folder, this.settings);
        this.isRunning = true;
        return;
      } catch (error) {
        if (Date.now() > giveUpAt) throw error;
        await sleep(100);
      }
    }
  }

  async pause(): Promise<void> {
    const pids = await this.pids();
    this.paused = pids;
    for (const pid of pids) signal(pid, 'SIGSTOP');
  }

  resume(): void {
    for (const pid of this.paused) signal(pid, 'SIGCONT');
    this.paused = [];
  }

  async stop(): Promise<void> {
    this.resume();
    this.isRunning = false;
    await this.endHost();
    for (const folder of new Set([this.folder, this.host.dataDir])) {
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  }

  private async endHost(): Promise<void> {
    const { process: host } = this.host;
    if (host.exitCode !== null || host.signalCode !== null) return;
    const ended = new Promise((settle) => host.once('exit', settle));
    if (host.connected) host.disconnect();
    await ended;
  }

  /** The server's process and those it has made, the parent first. The id of one that has ended may be somebody else's by now. */
  private async pids(): Promise<number[]> {
    if (!this.isRunning) return [];
    const lock = await readFile(join(this.host.dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '');
    const postmaster = Number.parseInt(lock, 10);
    if (!Number.isInteger(postmaster)) return [];
    const { stdout } = await run('ps', ['-eo', 'pid=,ppid=']);
    const children = stdout
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .flatMap(([pid, parent]) => (parent === postmaster && pid !== undefined ? [pid] : []));
    return [postmaster, ...children];
  }
}

function startHost(folder: string, settings: Readonly<Record<string, string>>): Promise<Host> {
  const host = spawn(process.execPath, [join(process.cwd(), HOST), folder, JSON.stringify(settings)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return new Promise((settle, reject) => {
    host.on('message', (message: HostMessage) => {
      if (message.type === 'ready') settle({ process: host, url: message.url, dataDir: message.dataDir });
      if (message.type === 'failed') reject(new Error(message.sentence));
    });
    host.on('error', reject);
    host.on('exit', (code) => reject(new Error(`the host of the PostgreSQL in ${folder} ended (${code})`)));
  });
}

/** A process may have ended since it was listed. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
