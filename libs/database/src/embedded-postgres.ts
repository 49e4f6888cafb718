import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HostMessage } from './embedded-postgres-host.js';

/** A PostgreSQL that runs for this process. */
export interface RunningPostgres {
  /** postgres:// URL of an empty database `arp` on first use, the kept one later. */
  readonly url: string;
  /** Where its data lies. */
  readonly dataDir: string;
  /** Stops the server; resolves when its process is gone. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Folder to keep data in; created when missing. */
  readonly dataDir: string;
  /** Further server settings, e.g. `{ fsync: 'off' }` in tests. Without `port` a free one is taken. */
  readonly serverSettings?: Readonly<Record<string, string>>;
  /** Refuses a folder that has no database yet instead of creating one. Default false. */
  readonly mustExist?: boolean;
  /** Gets a sentence when something happens that the user should know of (first initialisation, another data folder). */
  readonly onNotice?: (sentence: string) => void;
}

/** The embedded PostgreSQL could not be had; the message is one sentence that says what to do. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'StartupError';
}

/**
 * Starts the PostgreSQL of the `embedded-postgres` package in a process group of its own, under a small host process: a Ctrl-C
 * in the terminal reaches us but not the server, so that we can drain first, and when we die without a word (`kill -9`) the host
 * notices the closed channel and stops the server cleanly.
 *
 * @throws EmbeddedPostgresError
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<RunningPostgres> {
  const host = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('./embedded-postgres-host.js', import.meta.url)),
      resolve(options.dataDir),
      JSON.stringify(options.serverSettings ?? {}),
      options.mustExist === true ? 'must-exist' : 'create',
    ],
    { detached: true, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
  );
  const { url, dataDir } = await untilReady(host, options.onNotice ?? (() => undefined));
  return { url, dataDir, stop: () => stopHost(host) };
}

function untilReady(
  host: ChildProcess,
  onNotice: (sentence: string) => void,
): Promise<{ url: string; dataDir: string }> {
  return new Promise((settle, reject) => {
    let complaints = '';
    host.stderr?.on('data', (chunk: Buffer) => {
      complaints = (complaints + chunk.toString()).slice(-2_000);
    });
    host.on('message', (message: HostMessage) => {
      if (message.type === 'notice') onNotice(message.sentence);
      if (message.type === 'ready') settle({ url: message.url, dataDir: message.dataDir });
      if (message.type === 'failed') reject(new EmbeddedPostgresError(message.sentence));
    });
    host.on('error', (error) =>
      reject(new EmbeddedPostgresError(`The embedded PostgreSQL could not be started: ${error.message}.`)),
    );
    host.on('exit', (code) => {
      reject(
        new EmbeddedPostgresError(
          `The embedded PostgreSQL ended while it started (exit ${code}): ${complaints.trim() || 'no output'}.`,
        ),
      );
    });
  });
}

async function stopHost(host: ChildProcess): Promise<void> {
  if (host.exitCode !== null || host.signalCode !== null) return;
  const gone = new Promise<void>((settle) => host.once('exit', () => settle()));
  // Closing the channel is the request: the host cannot tell it from our death, and stops the server either way.
  if (host.connected) host.disconnect();
  await gone;
}
