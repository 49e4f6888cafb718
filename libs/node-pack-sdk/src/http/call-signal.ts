import { setMaxListeners } from 'node:events';

/** What ends one call before its time. */
export interface CallSignal {
  /** Its reason is an Error: what the call is rejected with. */
  readonly signal: AbortSignal;
  /** The call is over; nothing is waited for any more. */
  readonly release: () => void;
  /** The call has failed: what is still open of it is ended. */
  readonly cancel: () => void;
}

/** setTimeout takes no longer delay: with one it fires at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * Fires with the first of some signals, or after a time.
 *
 * @param late makes the reason when the time is up
 */
export function callSignal(sources: readonly AbortSignal[], timeoutMs: number, late: () => Error): CallSignal {
  const controller = new AbortController();
  const abort = (reason: unknown): void => {
    release();
    controller.abort(reason);
  };
  const listeners = sources.map((source) => [source, () => abort(reasonOf(source))] as const);
  // An answer that nobody reads must not keep a process alive until then.
  const timer = setTimeout(() => abort(late()), Math.min(timeoutMs, LONGEST_DELAY_MS)).unref();
  const release = (): void => {
    clearTimeout(timer);
    for (const [source, listener] of listeners) source.removeEventListener('abort', listener);
  };
  // Many calls at once are no leak, which Node warns of from the eleventh listener on.
  setMaxListeners(0, ...sources);
  for (const [source, listener] of listeners) source.addEventListener('abort', listener);
  const fired = sources.find(({ aborted }) => aborted);
  if (fired !== undefined) abort(reasonOf(fired));
  return { signal: controller.signal, release, cancel: () => abort(undefined) };
}

/** A signal may be aborted with a word; a promise should be rejected with an Error. */
function reasonOf({ reason }: AbortSignal): unknown {
  return typeof reason === 'object' && reason !== null
    ? (reason as unknown)
    : new DOMException('The operation was aborted.', 'AbortError');
}
