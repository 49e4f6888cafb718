import { generateCorrelationId } from '../transport/correlation.js';
import type { Answer, Call, Content, Transport } from '../transport/transport.js';
import type { TokenProvider } from '../tokens/token-provider.js';
import { ArpAuthError } from './arp-errors.js';

/** Options of every request. */
export interface ArpRequestOptions {
  /** Ends the request at once; it rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait for one attempt, in milliseconds; default: the client's. */
  readonly timeoutMs?: number | undefined;
  /** Sent as `X-Request-Id` and `X-Correlation-Id`; default: a new one for each request. */
  readonly requestId?: string | undefined;
}

/** A request to one service. */
export interface ServiceRequest extends ArpRequestOptions {
  readonly method: 'GET' | 'POST';
  /** Begins with `/v1/`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One service of the suite, and how this client speaks with it. Every request may be repeated. */
export class Connection {
  constructor(
    private readonly baseUrl: string,
    private readonly transport: Transport,
    private readonly tokens: TokenProvider | undefined,
    private readonly timeoutMs: number,
  ) {}

  send(request: ServiceRequest): Promise<Answer> {
    return this.withToken(request, (call) => this.transport.send(call));
  }

  /** Opens a stream, which `stream` ends. */
  open(request: ServiceRequest, stream: AbortController): Promise<Response> {
    return this.withToken(request, (call) => this.transport.open(call, stream));
  }

  /** The pause before the `n`th attempt in a row to open a stream anew, in milliseconds. */
  pauseMs(n: number): number {
    return this.transport.pauseMs(n);
  }

  /** Once more with another token when the first is not accepted: a token may have ended before its time. */
  private async withToken<T>(request: ServiceRequest, send: (call: Call) => Promise<T>): Promise<T> {
    const { tokens } = this;
    let used: string | undefined;
    const requestId = request.requestId ?? generateCorrelationId();
    const call = (refused?: string): Call => ({
      method: request.method,
      url: `${this.baseUrl}${request.path}${queryOf(request.query ?? {})}`,
      prepare: async () => {
        used = await tokens?.getToken(refused === undefined ? {} : { refused });
        return contentOf(request, requestId, used);
      },
      // What starts something carries a key or an id, and what decides may be said twice.
      repeatable: true,
      timeoutMs: request.timeoutMs ?? this.timeoutMs,
      signal: request.signal,
      correlationId: requestId,
      ...(request.body === undefined ? {} : { about: { params: request.body } }),
    });
    try {
      return await send(call());
    } catch (error) {
      if (!(error instanceof ArpAuthError) || error.status !== 401 || tokens === undefined || used === undefined) {
        throw error;
      }
      const refused = used;
      if ((await tokens.getToken({ refused })) === refused) throw error;
      return send(call(refused));
    }
  }
}

function contentOf({ headers, body }: ServiceRequest, requestId: string, token: string | undefined): Content {
  return {
    headers: {
      'x-request-id': requestId,
      ...headers,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

/** Members that are undefined are left out; lists are repeated parameters. */
function queryOf(query: Readonly<Record<string, unknown>>): string {
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as unknown[]) : [value])
      .filter((item) => item !== undefined)
      .map((item) => `${encodeURIComponent(name)}=${encodeURIComponent(String(item))}`),
  );
  return parameters.length === 0 ? '' : `?${parameters.join('&')}`;
}
