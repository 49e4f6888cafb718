import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import { AppError, ContractViolation, ERROR_CATALOGUE, fromPeer } from '#contract';
import type { ErrorCode, RequestContext } from '#contract';
import { formatTraceparent } from '#http';

export interface PeerOptions {
  /** Base URL without `/v1`. */
  readonly baseUrl: string;
  /** Sent as `Authorization: Bearer …` when given. */
  readonly bearerToken?: string;
  /** The code to throw when the peer does not answer or answers with something that is not the contract. */
  readonly unavailable: ErrorCode;
  /** Longest wait for the response headers and between two chunks, in milliseconds. 0: no limit. */
  readonly timeoutMs: number;
}

interface PeerRequest {
  readonly method: 'GET' | 'POST';
  /** Path below the base URL, starting with `/v1`. */
  readonly path: string;
  readonly body?: object;
  /** Further headers, with lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Replaces the peer's timeout. */
  readonly timeoutMs?: number;
}

const MAX_ERROR_BYTES = 65_536;

/**
 * One other service over HTTP: pooled connections, the caller's request id and trace passed on, errors turned into AppErrors.
 * Reads leniently, as peers may be other implementations (see `fromPeer`).
 */
export class Peer {
  private readonly agent: Agent;

  constructor(private readonly options: PeerOptions) {
    this.agent = new Agent({ connections: 128, pipelining: 1, keepAliveTimeout: 10_000, connectTimeout: 5_000 });
  }

  /** Sends a request whose answer is one contract object. */
  async json<T extends object>(ctx: RequestContext, request: PeerRequest, responseClass: new () => T): Promise<T> {
    const value = await this.plainJson(ctx, request);
    return this.read(responseClass, value);
  }

  /** Sends a request whose answer is an array of contract objects. */
  async jsonArray<T extends object>(ctx: RequestContext, request: PeerRequest, itemClass: new () => T): Promise<T[]> {
    const value = await this.plainJson(ctx, request);
    if (!Array.isArray(value)) throw this.unavailable(new Error('the answer is not an array'));
    return value.map((item) => this.read(itemClass, item));
  }

  /** Sends a request whose answer has no body. */
  async nothing(ctx: RequestContext, request: PeerRequest): Promise<void> {
    const response = await this.send(ctx, request);
    await response.body.dump();
  }

  /** Sends a request whose answer is a stream of lines; yields each line as it arrives, without its line break. */
  async lines(ctx: RequestContext, request: PeerRequest): Promise<AsyncIterable<string>> {
    const response = await this.send(ctx, request);
    return this.splitLines(response.body);
  }

  /** Ends every connection, also those of streams that were left; whoever calls this has finished what it wanted to finish. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async *splitLines(body: Dispatcher.ResponseData['body']): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    let rest = '';
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        const pieces = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = pieces.pop() ?? '';
        yield* pieces;
      }
      if (rest !== '') yield rest;
    } catch (error) {
      throw this.unavailable(error);
    }
  }

  private async plainJson(ctx: RequestContext, request: PeerRequest): Promise<unknown> {
    const response = await this.send(ctx, request);
    try {
      return await response.body.json();
    } catch (error) {
      throw this.unavailable(error);
    }
  }

  private async send(ctx: RequestContext, request: PeerRequest): Promise<Dispatcher.ResponseData> {
    const timeout = request.timeoutMs ?? this.options.timeoutMs;
    const url = new URL(this.options.baseUrl);
    let response: Dispatcher.ResponseData;
    try {
      response = await this.agent.request({
        origin: url.origin,
        path: `${url.pathname.replace(/\/$/, '')}${request.path}`,
        method: request.method,
        headers: { ...request.headers, ...this.headers(ctx, request.body !== undefined) },
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal: request.signal ?? null,
        headersTimeout: timeout,
        bodyTimeout: timeout,
      });
    } catch (error) {
      throw this.unavailable(error);
    }
    if (response.statusCode >= 200 && response.statusCode < 300) return response;
    throw await this.errorOf(response);
  }

  private headers(ctx: RequestContext, hasBody: boolean): Record<string, string> {
    return {
      accept: 'application/json, application/x-ndjson',
      'x-request-id': ctx.requestId,
      traceparent: formatTraceparent(ctx.trace),
      ...(ctx.trace.state === undefined ? {} : { tracestate: ctx.trace.state }),
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...(this.options.bearerToken === undefined ? {} : { authorization: `Bearer ${this.options.bearerToken}` }),
    };
  }

  /** The peer's own error when it is one of the catalogue's; else that the peer cannot be used, with what it said in the log. */
  private async errorOf(response: Dispatcher.ResponseData): Promise<AppError> {
    const text = (await response.body.text().catch(() => '')).slice(0, MAX_ERROR_BYTES);
    const said = readError(text);
    const cause = new Error(
      `the peer answered ${response.statusCode}: ${said?.code ?? ''} ${said?.message ?? text.slice(0, 200)}`.trim(),
    );
    if (said?.code !== undefined && said.code in ERROR_CATALOGUE && said.code !== 'internal_error') {
      return new AppError(said.code as ErrorCode, {
        cause,
        ...(said.message === undefined ? {} : { message: said.message }),
        ...(said.details === undefined ? {} : { details: said.details }),
      });
    }
    return this.unavailable(cause);
  }

  private read<T extends object>(responseClass: new () => T, value: unknown): T {
    try {
      return fromPeer(responseClass, value);
    } catch (error) {
      if (error instanceof ContractViolation) throw this.unavailable(error);
      throw error;
    }
  }

  private unavailable(cause: unknown): AppError {
    return new AppError(this.options.unavailable, { cause });
  }
}

/** What an error body says: our envelope, or the `{"detail"}` of Python services. */
function readError(text: string): { code?: string; message?: string; details?: Record<string, unknown> } | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { error, detail } = (body ?? {}) as {
    error?: { code?: unknown; message?: unknown; details?: unknown };
    detail?: unknown;
  };
  if (error === undefined || error === null) {
    return detail === undefined ? undefined : { message: JSON.stringify(detail) };
  }
  return {
    ...(typeof error.code === 'string' ? { code: error.code } : {}),
    ...(typeof error.message === 'string' ? { message: error.message } : {}),
    ...(typeof error.details === 'object' && error.details !== null
      ? { details: error.details as Record<string, unknown> }
      : {}),
  };
}
