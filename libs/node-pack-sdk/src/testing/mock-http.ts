import { TerminalError } from '../errors.js';
import type { HttpClient, HttpRequest } from '../node-context.js';

/** Answers calls of `ctx.http` in tests instead of the network. */
export type HttpMock = (url: URL, request: HttpRequest) => Response | Promise<Response>;

export interface MockHttpOptions {
  readonly signal: AbortSignal;
  /** Told before each call. */
  readonly onCall: (url: URL, request: HttpRequest) => void;
}

/** An HTTP client that asks a function. Like the real one it refuses what is no URL, and gives up when the node run is stopped. */
export function mockHttp(answer: HttpMock, { signal, onCall }: MockHttpOptions): HttpClient {
  return {
    fetch: async (given, request = {}) => {
      const url = parse(given);
      onCall(url, request);
      signal.throwIfAborted();
      const response = await unlessAborted(AbortSignal.any([signal, ...(request.signal ? [request.signal] : [])]), () =>
        answer(url, request),
      );
      // By what it can do: a test runner's sandbox may have a Response of its own.
      if (typeof (response as Partial<Response> | undefined)?.arrayBuffer !== 'function') {
        throw new TypeError(`The http mock gave no Response for ${url.href}; return new Response(body, { status }).`);
      }
      // A Response that was made by hand has no URL; the real client's has.
      return response.url === '' ? Object.defineProperty(response, 'url', { value: url.href }) : response;
    },
  };
}

function parse(given: string | URL): URL {
  try {
    return new URL(given);
  } catch {
    throw new TerminalError(`This is no absolute URL: ${String(given)}`, { code: 'invalid_url' });
  }
}

/** What the work gives, or the reason of the signal, whichever comes first. */
async function unlessAborted<T>(signal: AbortSignal, work: () => T | Promise<T>): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new DOMException('The node run was stopped.', 'AbortError'));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([(async () => work())(), aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}
