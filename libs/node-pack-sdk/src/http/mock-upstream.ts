import { TerminalError } from '../errors.js';
import type { Transport } from './transport.js';

/**
 * The HTTP services that a pack calls, imitated: answers in tests, and wherever an executor runs with `UPSTREAM_MODE=mock`. What it
 * throws is a connection that broke.
 */
export type MockUpstream = (request: Request) => Response | Promise<Response>;

/** Who answers what nodes call: the network, or the packs' own imitations of it. */
export type UpstreamMode = 'live' | 'mock';

/** What every credential reads as while there is no upstream that could check it. */
export const MOCK_CREDENTIAL = 'mock-credential';

/**
 * What answers a pack's calls; undefined: the network.
 *
 * @param pack as its module exports it; one that imitates nothing fails each call with `mock_upstream_missing`
 */
export function mockUpstreamOf(
  mode: UpstreamMode,
  pack: { readonly id: string; readonly mockUpstream?: unknown },
): MockUpstream | undefined {
  if (mode === 'live') return undefined;
  if (typeof pack.mockUpstream === 'function') return pack.mockUpstream as MockUpstream;
  return () => {
    throw new TerminalError(
      `This executor calls nothing outside (UPSTREAM_MODE=mock), and ${pack.id} has no mockUpstream that could answer instead. Its author gives one to definePack.`,
      { code: 'mock_upstream_missing' },
    );
  };
}

/** Asks a function instead of the network: no name is looked up and no socket opened. */
export function mockTransport(upstream: MockUpstream): Transport {
  return {
    send: async ({ url, method, headers, body }, signal) => {
      const asked = new URL(url);
      asked.hash = '';
      const request = new Request(asked, {
        method,
        headers: [...headers],
        redirect: 'manual',
        signal,
        ...(body === undefined ? {} : { body: body as NonNullable<RequestInit['body']> }),
      });
      const response = await unlessAborted(signal, async () => upstream(request));
      // By what it can do: a test runner's sandbox may have a Response of its own.
      if (typeof (response as Partial<Response> | undefined)?.arrayBuffer !== 'function') {
        throw new TypeError('mockUpstream gave no Response');
      }
      const { status, statusText, ok, headers: head } = response;
      const isBare = method === 'HEAD' || response.body === null;
      // A body that stops in the middle ends with the call, as that of a connection does.
      const content = isBare ? null : response.body.pipeThrough(new TransformStream<Uint8Array>(), { signal });
      return { status, statusText, ok, headers: head, body: content };
    },
    close: async () => undefined,
  };
}

/** What the work gives, unless the signal fires first. */
async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new DOMException('The call was ended.', 'AbortError'));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}
