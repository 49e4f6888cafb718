import type { IssuedToken } from './token-endpoint.js';

export interface KeptTokenOptions {
  /** Whether a token is replaced in the background before it is too old. */
  readonly refreshes: boolean;
  /** A clock in milliseconds. */
  readonly now: () => number;
}

type Issue = () => Promise<IssuedToken>;

interface Kept {
  readonly token: string;
  /** From then on another is asked for while this one is still used. */
  readonly refreshAt: number;
  readonly usableUntil: number;
}

/** A token is not used in its last moments: it has a way to go, and clocks differ. */
const MARGIN_MS = 30_000;
const MARGIN_SHARE = 0.2;
const REFRESH_SHARE = 0.75;
/** After a refresh in the background failed. */
const REFRESH_PAUSE_MS = 5_000;

/** One token, kept until shortly before it expires. However many want it, there is one request at a time. */
export class KeptToken {
  private kept: Kept | undefined;
  private asking: Promise<string> | undefined;

  constructor(private readonly options: KeptTokenOptions) {}

  /**
   * @param issue asks for a token when one is needed
   * @param signal ends the waiting of this caller, and not the request: others wait for it too
   * @throws what `issue` rejects with, or the reason of `signal`
   */
  async get(issue: Issue, signal: AbortSignal): Promise<string> {
    const { kept, options } = this;
    const now = options.now();
    if (kept === undefined || now >= kept.usableUntil) return orAbort(this.ask(issue), signal);
    if (options.refreshes && now >= kept.refreshAt) this.refresh(kept, issue, now);
    return kept.token;
  }

  /** Forgets a token; another one that came meanwhile stays. */
  forget(token: string): void {
    if (this.kept?.token === token) this.kept = undefined;
  }

  private refresh(kept: Kept, issue: Issue, now: number): void {
    this.kept = { ...kept, refreshAt: now + REFRESH_PAUSE_MS };
    // The old one is good for a while. When it is not any more, the same failure has somebody to tell.
    void this.ask(issue).catch(() => undefined);
  }

  private ask(issue: Issue): Promise<string> {
    this.asking ??= this.request(issue).finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  private async request(issue: Issue): Promise<string> {
    const { now } = this.options;
    const asked = now();
    const { token, lifetimeMs } = await issue();
    const usableMs = lifetimeMs - Math.min(MARGIN_MS, lifetimeMs * MARGIN_SHARE);
    this.kept = { token, refreshAt: asked + usableMs * REFRESH_SHARE, usableUntil: asked + usableMs };
    return token;
  }
}

async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
  }
}
