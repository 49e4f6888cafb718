/** A timer for longer than this would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * A signal that fires when one of `signals` does, or after `timeoutMs`. End it in a `finally`: it holds a timer and
 * listeners until then.
 */
export class Deadline {
  private readonly controller = new AbortController();
  private readonly timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners: (() => void)[] = [];
  /** Whether the time was what ended it. */
  timedOut = false;

  constructor(signals: readonly (AbortSignal | undefined)[], timeoutMs?: number) {
    for (const signal of signals) {
      if (signal === undefined) continue;
      if (signal.aborted) {
        this.controller.abort(signal.reason);
        return;
      }
      const fire = (): void => this.controller.abort(signal.reason);
      signal.addEventListener('abort', fire, { once: true });
      this.listeners.push(() => signal.removeEventListener('abort', fire));
    }
    if (timeoutMs === undefined || timeoutMs > LONGEST_TIMER_MS) return;
    this.timer = setTimeout(() => {
      this.timedOut = true;
      this.controller.abort(new Error(`No answer within ${timeoutMs} ms.`));
    }, timeoutMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  end(): void {
    clearTimeout(this.timer);
    for (const remove of this.listeners) remove();
  }
}

/** Waits; rejects with the signal's reason as soon as it fires. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((settle, reject) => {
    const give = (): void => {
      clearTimeout(timer);
      // The reason is the caller's own, whatever it is, as fetch does it.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', give);
      settle();
    }, ms);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}

/** What `promise` gives, or the signal's reason when that fires first; what the promise does then is nobody's matter. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((settle, reject) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    const give = (): void => reject(signal.reason);
    promise
      .then(settle, reject)
      .finally(() => signal.removeEventListener('abort', give))
      .catch(() => undefined);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}
