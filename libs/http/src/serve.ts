import type { ServiceApp } from './create-app.js';

/** A start-up problem that the person at the terminal can solve. Its message is all that is printed. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

const SAME_SIGNAL_MS = 500;

/** Where a service listens. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** How to choose another port, for the sentence that says the port is taken. */
  readonly portSetting: string;
}

/**
 * Starts listening.
 *
 * @returns the base URL, with the port that was really taken (port 0 means any)
 * @throws StartupError when the address cannot be had
 */
export async function listen(service: ServiceApp, { host, port, portSetting }: Listener): Promise<string> {
  try {
    // Not app.listen, which logs the failure as an error of its own before we can say it in one sentence.
    await service.app.init();
    await service.app.getHttpAdapter().getInstance().listen({ host, port });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE') {
      throw new StartupError(
        `Port ${port} on ${host} is taken. Stop what uses it, or choose another port with ${portSetting} (or --port for a single service).`,
      );
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new StartupError(
        `Cannot listen on ${host}:${port} (${code}). Choose another address with --host or port with ${portSetting}.`,
      );
    }
    throw error;
  }
  const address = service.app.getHttpServer().address() as { port: number } | null;
  const shownHost = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  const url = `http://${shownHost}:${address?.port ?? port}`;
  service.logger.info({ url }, `${service.service.name} is listening`);
  return url;
}

/**
 * Runs `start`, which returns how to stop, until SIGINT or SIGTERM; then stops within `graceMs` and ends the process with 0.
 * A second signal ends it at once. A StartupError or SettingsError ends it with 1 and its message alone.
 */
export async function runService(start: () => Promise<{ stop: () => Promise<void>; graceMs: number }>): Promise<void> {
  let running: { stop: () => Promise<void>; graceMs: number } | undefined;
  let wantedAt: number | undefined;
  const onSignal = () => {
    // One Ctrl-C arrives twice under npm: from the terminal and passed on by npm.
    if (wantedAt !== undefined && performance.now() - wantedAt > SAME_SIGNAL_MS) process.exit(130);
    if (wantedAt !== undefined) return;
    wantedAt = performance.now();
    if (running !== undefined) void stopAndExit(running);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    running = await start();
  } catch (error) {
    printFatal(error);
    process.exit(1);
  }
  if (wantedAt !== undefined) await stopAndExit(running);
}

async function stopAndExit({ stop, graceMs }: { stop: () => Promise<void>; graceMs: number }): Promise<never> {
  const timer = setTimeout(() => {
    process.stderr.write(
      `error: work was still in progress after ${graceMs} ms (ARP_SHUTDOWN_GRACE_MS); stopping without it.\n`,
    );
    process.exit(1);
  }, graceMs + 2_000);
  try {
    await stop();
  } catch (error) {
    printFatal(error);
    process.exit(1);
  }
  clearTimeout(timer);
  process.exit(0);
}

function printFatal(error: unknown): void {
  const expected = error instanceof Error && (error.name === 'StartupError' || error.name === 'SettingsError');
  const text = error instanceof Error ? (expected ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`error: ${text}\n`);
}
