import { setMaxListeners } from 'node:events';
import { AppError } from '#contract';

/** A signal that fires when nobody waits for the answer any more: `signal` without the stopping of this service. */
export function abandonment(signal: AbortSignal): { readonly signal: AbortSignal; readonly release: () => void } {
  const abandoned = new AbortController();
  const abort = () => {
    const reason: unknown = signal.reason;
    if (!(reason instanceof AppError && reason.code === 'service_stopping')) abandoned.abort(reason);
  };
  // One signal may be that of many requests at once, as a dispatcher's is.
  setMaxListeners(0, signal);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return { signal: abandoned.signal, release: () => signal.removeEventListener('abort', abort) };
}

/** A request that waits for a connection does not hear its signal; the caller shall not wait with it. */
export async function orAbort<T>(request: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([request, aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
  }
}
