import pRetry, { AbortError } from 'p-retry';
import { VERSION } from '../version.js';
import { generateCorrelationId, generateTraceparent } from './correlation.js';
import { Deadline, sleep, unlessAborted } from './deadline.js';
import { maskSecrets } from './masking.js';

/** What is needed of `fetch`. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** How failed requests are repeated; only those that cannot do anything twice are. */
export interface RetryOptions {
  /** Most repetitions after the first attempt; default 3. 0 turns repetitions off. */
  readonly retries?: number;
  /** Pause before the first repetition, doubled each time and stretched by up to as much at random; default 500 ms. */
  readonly minDelayMs?: number;
  /** Longest such pause; default 10,000 ms. */
  readonly maxDelayMs?: number;
  /** A `Retry-After` beyond this is left to the caller: the error comes at once. Default 30,000 ms. */
  readonly maxRetryAfterMs?: number;
}

/** One line for a log. Nothing in it is secret: see `params`. */
export interface ClientLogEntry {
  readonly event: 'request' | 'response' | 'error' | 'retry';
  readonly method: string;
  /** Without user, query and fragment. */
  readonly url: string;
  readonly correlationId: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly tool?: string;
  readonly action?: string;
  /** What was asked, with secrets as `***`. */
  readonly params?: unknown;
  readonly status?: number;
  readonly durationMs?: number;
  /** Code of the error. */
  readonly code?: string;
}

/** Called for each request, answer, error and repetition. What it throws is ignored. */
export type ClientLogger = (entry: ClientLogEntry) => void;

/** An error of this package, as far as repetitions depend on it. */
export interface CallError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfter?: number | undefined;
}

/** How a family of clients says what went wrong. */
export interface CallErrors {
  /** An answer that is no success. */
  refused(answer: Answer): CallError;
  /** A success whose body is no JSON. */
  unreadable(answer: Answer): CallError;
  /** No answer. */
  unreachable(cause: unknown, correlationId: string): CallError;
  late(timeoutMs: number, correlationId: string): CallError;
}

/** An answer whose body has been read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as parsed; undefined when it is empty or no JSON. */
  readonly body: unknown;
  readonly text: string;
  readonly correlationId: string;
}

/** What one attempt sends. */
export interface Content {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One logical call: what it sends, and whether it may be sent again. */
export interface Call {
  readonly method: string;
  readonly url: string;
  /** Asked before each attempt: a proof or an assertion is used once. */
  readonly prepare: (correlationId: string) => Promise<Content>;
  readonly repeatable: boolean;
  /** Of one attempt, its body included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly correlationId?: string | undefined;
  /** For the log. */
  readonly about?: { readonly tool?: string; readonly action?: string; readonly params?: unknown };
}

export interface TransportOptions {
  readonly fetch: FetchLike;
  readonly errors: CallErrors;
  readonly retry?: RetryOptions | undefined;
  readonly logger?: ClientLogger | undefined;
  /** A `traceparent` for each logical call; default: a new trace each. */
  readonly traceparent?: string | (() => string | undefined) | undefined;
  /** Ends every call when it fires. */
  readonly closing: AbortSignal;
}

/** Sends logical calls: attempts with a time limit each, repetitions, correlation, log lines. */
export class Transport {
  private readonly retry: Required<RetryOptions>;

  constructor(private readonly options: TransportOptions) {
    const { retries = 3, minDelayMs = 500, maxDelayMs = 10_000, maxRetryAfterMs = 30_000 } = options.retry ?? {};
    this.retry = { retries, minDelayMs, maxDelayMs, maxRetryAfterMs };
  }

  /** The pause before the `n`th attempt in a row to go on with something that broke off, in milliseconds. */
  pauseMs(n: number): number {
    return Math.min(this.retry.minDelayMs * 2 ** (n - 1), this.retry.maxDelayMs);
  }

  /** Sends, repeats where that is safe and promising, and reads the answer. */
  send(call: Call): Promise<Answer> {
    return this.repeating(call, async (attempt) => {
      const content = await this.prepare(call, attempt);
      const deadline = new Deadline([attempt.signal], call.timeoutMs);
      try {
        const work = this.request(call, attempt, content, deadline.signal);
        // Also where a `fetch` of one's own takes no notice of its signal.
        return await unlessAborted(
          work.then((response) => this.read(response, attempt.correlationId)),
          deadline.signal,
        );
      } catch (error) {
        throw this.named(error, call, attempt, deadline);
      } finally {
        deadline.end();
      }
    });
  }

  /**
   * Opens a stream; the time limit is for its headers (and the body of an error). The body is the caller's, who ends it
   * by aborting `stream`.
   */
  open(call: Call, stream: AbortController): Promise<Response> {
    return this.repeating({ ...call, signal: stream.signal }, async (attempt) => {
      const content = await this.prepare(call, attempt);
      // Of this attempt only: an attempt that is late must not end those after it.
      const opening = new AbortController();
      stream.signal.addEventListener('abort', () => opening.abort(stream.signal.reason), { once: true });
      const deadline = new Deadline([attempt.signal], call.timeoutMs);
      const late = (): void => opening.abort(deadline.signal.reason);
      deadline.signal.addEventListener('abort', late, { once: true });
      try {
        const response = await unlessAborted(this.request(call, attempt, content, opening.signal), opening.signal);
        if (!response.ok) await this.read(response, attempt.correlationId);
        return response;
      } catch (error) {
        throw this.named(error, call, attempt, deadline);
      } finally {
        deadline.end();
        deadline.signal.removeEventListener('abort', late);
      }
    });
  }

  private async repeating<T>(call: Call, once: (attempt: Attempt) => Promise<T>): Promise<T> {
    const correlationId = call.correlationId ?? generateCorrelationId();
    const { traceparent } = this.options;
    const trace = (typeof traceparent === 'function' ? traceparent() : traceparent) ?? generateTraceparent();
    const lifetime = new Deadline([this.options.closing, call.signal]);
    const { signal } = lifetime;
    const attempt = (number: number): Attempt => ({ number, correlationId, trace, signal });
    try {
      signal.throwIfAborted();
      return await pRetry((number) => once(attempt(number)), {
        retries: call.repeatable ? this.retry.retries : 0,
        minTimeout: this.retry.minDelayMs,
        maxTimeout: this.retry.maxDelayMs,
        randomize: true,
        signal,
        shouldRetry: async ({ error, attemptNumber }) => {
          if (!isCallError(error) || !error.retryable) return false;
          const pauseMs = (error.retryAfter ?? 0) * 1000;
          if (pauseMs > this.retry.maxRetryAfterMs) return false;
          this.log(call, attempt(attemptNumber), { event: 'retry', code: error.code });
          if (pauseMs > 0) await sleep(pauseMs, signal);
          return true;
        },
      });
    } catch (error) {
      // The reason of an abort passes as it is, also one that is no Error.
      if (signal.aborted) throw signal.reason;
      throw error;
    } finally {
      lifetime.end();
    }
  }

  /** What cannot be prepared is the error as it came, and not repeated: tokens have attempts of their own. */
  private async prepare(call: Call, { correlationId, signal }: Attempt): Promise<Content> {
    try {
      return await unlessAborted(call.prepare(correlationId), signal);
    } catch (error) {
      throw new AbortError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private async request(call: Call, attempt: Attempt, content: Content, signal: AbortSignal): Promise<Response> {
    const { headers, body } = content;
    this.log(call, attempt, { event: 'request' });
    const startedAt = Date.now();
    const response = await this.options.fetch(call.url, {
      method: call.method,
      headers: {
        accept: 'application/json',
        'x-correlation-id': attempt.correlationId,
        traceparent: attempt.trace,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(isBrowser() ? {} : { 'user-agent': `arp-jarvis-client/${VERSION}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      // A token is for the address that was configured, not for where that points to.
      redirect: 'error',
      signal,
    });
    this.log(call, attempt, { event: 'response', status: response.status, durationMs: Date.now() - startedAt });
    return response;
  }

  private async read(response: Response, correlationId: string): Promise<Answer> {
    const text = await response.text();
    const { status, headers } = response;
    const answer = {
      status,
      headers,
      body: parsed(text),
      text,
      correlationId: headers.get('x-correlation-id') ?? correlationId,
    };
    if (!response.ok) throw this.options.errors.refused(answer);
    if (text !== '' && answer.body === undefined) throw this.options.errors.unreadable(answer);
    return answer;
  }

  /** What `fetch` threw, as an error of the client's family. */
  private named(error: unknown, call: Call, attempt: Attempt, deadline: Deadline): unknown {
    if (attempt.signal.aborted) return attempt.signal.reason;
    const { errors } = this.options;
    const found = deadline.timedOut
      ? errors.late(call.timeoutMs, attempt.correlationId)
      : isCallError(error)
        ? error
        : errors.unreachable(error, attempt.correlationId);
    this.log(call, attempt, { event: 'error', code: found.code });
    return found;
  }

  private log(
    call: Call,
    { correlationId, number }: Attempt,
    what: Pick<ClientLogEntry, 'event' | 'status' | 'durationMs' | 'code'>,
  ): void {
    const { logger } = this.options;
    if (logger === undefined) return;
    const { params, ...about } = call.about ?? {};
    try {
      logger({
        ...what,
        method: call.method,
        url: withoutQuery(call.url),
        correlationId,
        attempt: number,
        ...about,
        ...(params === undefined ? {} : { params: maskSecrets(params) }),
      });
    } catch {
      // A call does not fail because its log does.
    }
  }
}

interface Attempt {
  readonly number: number;
  readonly correlationId: string;
  readonly trace: string;
  readonly signal: AbortSignal;
}

function isCallError(error: unknown): error is CallError {
  return error instanceof Error && 'retryable' in error && 'code' in error;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function withoutQuery(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** A browser names itself, and does not let a page do it. */
function isBrowser(): boolean {
  return 'document' in globalThis || 'WorkerGlobalScope' in globalThis;
}

/** The `fetch` that is there when it is called, so that one installed later counts. */
export const globalFetch: FetchLike = (url, init) => fetch(url, init);
