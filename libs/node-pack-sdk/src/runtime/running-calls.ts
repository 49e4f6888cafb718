import type { StopReason } from './pack-host.js';

/**
 * Calls that a host may stop: each gets a signal that fires with its own, or with all others. Not AbortSignal.any, which in Node 20 keeps
 * every signal it has made for as long as one of its sources lives (measured: 2.2 kB per call).
 */
export class RunningCalls {
  private readonly stops = new Map<AbortController, Promise<unknown>>();
  private stopped: StopReason | undefined;

  /** Does the work of one call, with a signal for it. */
  async during<T>(given: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const pass = () => stop.abort(given.reason);
    given.addEventListener('abort', pass, { once: true });
    if (given.aborted) pass();
    else if (this.stopped !== undefined) stop.abort(this.stopped);
    const working = work(stop.signal);
    this.stops.set(stop, working);
    try {
      return await working;
    } finally {
      this.stops.delete(stop);
      given.removeEventListener('abort', pass);
    }
  }

  /** Stops those that are running, and those to come before they begin. */
  stopAll(reason: StopReason): void {
    this.stopped ??= reason;
    for (const stop of this.stops.keys()) stop.abort(this.stopped);
  }

  /** When those that are running have ended. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.stops.values());
  }
}
