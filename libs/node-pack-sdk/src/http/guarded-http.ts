import type { HttpClient, HttpRequest } from '../node-context.js';
import type { Answer } from './answer.js';
import { callSignal } from './call-signal.js';
import type { CallSignal } from './call-signal.js';
import { createEgressGuard } from './egress-guard.js';
import type { EgressRules } from './egress-rules.js';
import type { ResolveHost } from './guarded-lookup.js';
import { firstHop, nextHop } from './hops.js';
import type { Hop } from './hops.js';
import {
  budgetExceeded,
  callFailure,
  httpTimeout,
  invalidRequest,
  responseTooLarge,
  tooManyRedirects,
} from './http-failures.js';
import { limitedBody } from './limited-body.js';
import { mockTransport } from './mock-upstream.js';
import type { MockUpstream } from './mock-upstream.js';
import { responseOf } from './response.js';
import { networkTransport } from './transport.js';

const MAX_REDIRECTS = 5;
const MAX_BYTES = 10 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

export interface GuardedHttpOptions {
  /** Of the node run: ends every call. */
  readonly signal: AbortSignal;
  /** Sent with every request whose handler has set none. */
  readonly traceparent?: string;
  /** Called before each request, redirects included. */
  readonly onCall: () => void;
  /** Default: the system's resolver. */
  readonly resolve?: ResolveHost;
  /** Answers instead of the network, under the same rules; addresses are not looked up then. */
  readonly mockUpstream?: MockUpstream;
}

/** An HttpClient with connections of its own. */
export interface GuardedHttp extends HttpClient {
  /** Ends calls that are under way, and all connections. A later call is rejected. */
  close(): Promise<void>;
}

/**
 * The `ctx.http` of one node run.
 *
 * Connections are kept between its calls and never shared with another client, whose rules may be others. Proxies of the environment are
 * not used: they would connect to addresses that nobody here has checked.
 *
 * @throws TypeError that names a rule that cannot be read
 */
export function createGuardedHttp(rules: EgressRules, options: GuardedHttpOptions): GuardedHttp {
  const guard = createEgressGuard(rules);
  const closing = new AbortController();
  const { maxCalls = Infinity } = rules;
  const { mockUpstream } = options;
  const transport =
    mockUpstream === undefined ? networkTransport(guard.checkAddress, options.resolve) : mockTransport(mockUpstream);
  let calls = 0;

  const send = async (hop: Hop, signal: AbortSignal): Promise<Answer> => {
    guard.checkUrl(hop.url);
    if (calls >= maxCalls) throw budgetExceeded(maxCalls);
    calls += 1;
    options.onCall();
    return transport.send(hop, signal);
  };

  const run = async (first: Hop, limits: Limits, call: CallSignal, at: (hop: Hop) => void): Promise<Response> => {
    let hop = first;
    for (let redirects = 0; ; redirects += 1) {
      at(hop);
      const response = await send(hop, call.signal);
      const next = limits.redirect === 'manual' ? undefined : nextHop(hop, response);
      if (next === undefined) return finish(response, hop, { limits, call, redirected: redirects > 0 });
      if (redirects >= limits.maxRedirects) throw tooManyRedirects(hop.url.host, limits.maxRedirects);
      // Nobody reads what a redirect says.
      response.body?.cancel().catch(() => undefined);
      hop = next;
    }
  };

  return {
    fetch: async (url, request = {}) => {
      const limits = limitsOf(request);
      const first = firstHop(url, request, options.traceparent);
      let { host } = first.url;
      const sources = [options.signal, closing.signal, ...(request.signal === undefined ? [] : [request.signal])];
      const call = callSignal(sources, limits.timeoutMs, () => httpTimeout(host, limits.timeoutMs));
      try {
        call.signal.throwIfAborted();
        return await run(first, limits, call, (hop) => ({ host } = hop.url));
      } catch (error) {
        const failure = callFailure(error, host, call.signal);
        call.cancel();
        throw failure;
      }
    },
    close: async () => {
      closing.abort();
      await transport.close();
    },
  };
}

interface Limits {
  readonly redirect: 'follow' | 'manual';
  readonly maxRedirects: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

function limitsOf(request: HttpRequest): Limits {
  const { redirect = 'follow', maxRedirects = MAX_REDIRECTS, maxBytes = MAX_BYTES, timeoutMs = TIMEOUT_MS } = request;
  if (!['follow', 'manual', 'error'].includes(redirect)) {
    throw invalidRequest('redirect must be follow, manual or error.');
  }
  // Written so that NaN is refused too.
  if (!(maxRedirects >= 0 && maxBytes >= 0 && timeoutMs > 0)) {
    throw invalidRequest('maxRedirects and maxBytes must be numbers from 0, timeoutMs one above 0.');
  }
  return redirect === 'error'
    ? { redirect: 'follow', maxRedirects: 0, maxBytes, timeoutMs }
    : { redirect, maxRedirects, maxBytes, timeoutMs };
}

function finish(
  response: Answer,
  hop: Hop,
  { limits: { maxBytes }, call, redirected }: { limits: Limits; call: CallSignal; redirected: boolean },
): Response {
  const { host } = hop.url;
  const facts = { url: hop.url, redirected };
  if (response.body === null) {
    call.release();
    return responseOf(response, null, facts);
  }
  const { headers } = response;
  // The length of a compressed body says nothing about what it becomes.
  if (!headers.has('content-encoding') && Number(headers.get('content-length')) > maxBytes) {
    throw responseTooLarge(host, maxBytes);
  }
  const body = limitedBody(response.body, {
    maxBytes,
    tooLarge: () => responseTooLarge(host, maxBytes),
    failure: (error) => callFailure(error, host, call.signal),
    onEnd: call.release,
  });
  return responseOf(response, body, facts);
}
