/** What ends one call before its answer. */
export interface CallDeadline {
  /** Fires when the time is up, or with the caller's signal. */
  readonly signal: AbortSignal;
  /** In milliseconds since 1970. */
  readonly at: number;
  /** The call is about to be sent: from now on a caller that goes away does not end it, unless that does no harm. */
  begin(): void;
  /** Whether it was begun. */
  readonly isBegun: boolean;
  /** The call is over. */
  release(): void;
}

/** Why `signal` of a call fired. */
export class CallGivenUpError extends Error {
  override readonly name = 'CallGivenUpError';

  constructor(readonly why: 'late' | 'caller_gone') {
    super(why === 'late' ? 'the time of the call is up' : 'the caller is gone');
  }
}

/**
 * @param caller fires when the caller is gone; with a reason that is an AppError the service is stopping, and the call goes on
 * @param mayEnd whether a call that was begun may end unfinished: what is not to be repeated goes on, so that its outcome is known
 */
export function callDeadline(caller: AbortSignal, timeoutMs: number, mayEnd: boolean): CallDeadline {
  const controller = new AbortController();
  let isBegun = false;
  const timer = setTimeout(() => controller.abort(new CallGivenUpError('late')), timeoutMs);
  const gone = () => {
    const isStopping = caller.reason instanceof Error && caller.reason.name === 'AppError';
    if (!isStopping && (mayEnd || !isBegun)) controller.abort(new CallGivenUpError('caller_gone'));
  };
  caller.addEventListener('abort', gone, { once: true });
  if (caller.aborted) gone();
  return {
    signal: controller.signal,
    at: Date.now() + timeoutMs,
    begin: () => {
      isBegun = true;
    },
    get isBegun() {
      return isBegun;
    },
    release: () => {
      clearTimeout(timer);
      caller.removeEventListener('abort', gone);
    },
  };
}

/** What `work` resolves to, or the reason of the signal as soon as that fires. */
export async function orGivenUp<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) work.catch(() => undefined);
  signal.throwIfAborted();
  let stop: () => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
