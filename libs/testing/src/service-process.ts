import { spawn } from 'node:child_process';
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program of ours in a process of its own. */
export interface ServiceProcess {
  readonly process: ChildProcess;
  /** Everything it has written so far. */
  output(): string;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

/** Starts `node ...args` with `env` added to a minimal environment. */
export function startProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd?: string,
): ServiceProcess {
  const child = spawn(process.execPath, args, { cwd, env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  return watch(child, (signal) => child.kill(signal));
}

/** Starts a shell command in a process group of its own; signals go to the whole group, as Ctrl-C in a terminal does. */
export function startGroup(command: string, env: Readonly<Record<string, string>>, cwd?: string): ServiceProcess {
  const child = spawn('bash', ['-c', command], {
    cwd,
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  return watch(child, (signal) => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, signal);
  });
}

function environment(env: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env };
}

function watch(
  child: ChildProcessByStdio<null, Readable, Readable>,
  kill: (signal: NodeJS.Signals) => void,
): ServiceProcess {
  let text = '';
  const keep = (chunk: Buffer) => {
    text += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<number | NodeJS.Signals | null>((settle) => {
    child.once('close', (code, signal) => settle(code ?? signal));
  });
  return {
    process: child,
    output: () => text,
    ended,
    stop: (signal = 'SIGTERM') => {
      kill(signal);
      return ended;
    },
  };
}

/** Waits until the service answers its health endpoint; throws with its output when it ends or stays silent. */
export async function untilServing(service: ServiceProcess, baseUrl: string, timeoutMs = 30_000): Promise<void> {
  let hasEnded = false;
  void service.ended.then(() => {
    hasEnded = true;
  });
  for (const giveUpAt = Date.now() + timeoutMs; Date.now() < giveUpAt && !hasEnded;) {
    const response = await fetch(`${baseUrl}/v1/health`).catch(() => undefined);
    if (response?.ok === true) return;
    await sleep(50);
  }
  await service.stop('SIGKILL');
  throw new Error(`the service at ${baseUrl} did not come up:\n${service.output()}`);
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((settle, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => settle(port));
    });
  });
}
