import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import { AppError, ContractViolation, ERROR_CATALOGUE, fromPeer, Health } from '#contract';
import type { ErrorCode, RequestContext } from '#contract';
import type { TokenSource } from '#auth';
import { HEALTH_OF, HEALTH_OF_ITSELF, formatTraceparent } from '#http';
import { abandonment, orAbort } from './abandonment.js';
import { readErrorBody, withoutTokens } from './error-body.js';
import { markingConnector } from './marking-connector.js';
import { NotSentError, PeerAnswerError, peerAnswerOf } from './peer-errors.js';

export interface PeerOptions {
  /** Base URL without `/v1`. */
  readonly baseUrl: string;
  /** Whence the token of each request is, which goes as `Authorization: Bearer …`. Without it none is sent. */
  readonly tokens?: TokenSource;
  /** The code to throw when the peer does not answer or answers with something that is not the contract. */
  readonly unavailable: ErrorCode;
  /** Longest wait for the response headers and between two chunks, in milliseconds. 0: no limit. */
  readonly timeoutMs: number;
  /** The peer's error codes that become errors of ours under the same code. Default: all that our catalogue has. */
  readonly passOn?: readonly ErrorCode[];
}

interface PeerRequest {
  readonly method: 'GET' | 'POST';
  /** Path below the base URL, starting with `/v1`. */
  readonly path: string;
  readonly body?: object;
  /** Further headers, with lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Replaces the peer's timeout. */
  readonly timeoutMs?: number;
  /** Sent without a token: whether a peer is alive does not depend on an identity provider. */
  readonly isPublic?: true;
}

interface Attempt {
  readonly signal: AbortSignal;
  readonly agent: Agent;
  readonly token: string | undefined;
}

type ResponseBody = Dispatcher.ResponseData['body'];

const PING_TIMEOUT_MS = 2_000;
const MAX_ERROR_BYTES = 65_536;
const CONNECT_TIMEOUT_MS = 5_000;
/** Less than the 5 s after which uvicorn, without a warning, closes a connection: a request must not meet that close. */
const KEEP_ALIVE_MS = 4_000;
/** What a peer says of its own failures and of our credentials is nothing that our caller did. */
const NEVER_PASSED_ON: readonly string[] = ['internal_error', 'unauthorized', 'assignment_mismatch'];

/**
 * One other service over HTTP: pooled connections, the caller's request id and trace passed on, errors turned into AppErrors.
 * Reads leniently, as peers may be other implementations (see `fromPeer`).
 *
 * `ctx.signal` gives a request up at once, whether it is waiting for a connection, for the answer or for the rest of it. One that
 * fires because this service is stopping ends streams only: what was asked before is still answered.
 */
export class Peer {
  private readonly agent: Agent;
  /** Streams hold their connection for as long as they last: as many as there are readers, and not those of requests. */
  private readonly streams: Agent;

  constructor(private readonly options: PeerOptions) {
    const { timeoutMs } = options;
    const timeout = timeoutMs === 0 ? CONNECT_TIMEOUT_MS : Math.min(timeoutMs, CONNECT_TIMEOUT_MS);
    const perConnection = { pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS, connect: markingConnector(timeout) };
    this.agent = new Agent({ ...perConnection, connections: 128 });
    this.streams = new Agent(perConnection);
  }

  /** Sends a request whose answer is one contract object. */
  async json<T extends object>(ctx: RequestContext, request: PeerRequest, responseClass: new () => T): Promise<T> {
    return this.read(responseClass, await this.exchange(ctx, request, (body) => body.json()));
  }

  /** As `json`, and undefined when the peer answers 404 with the code `absent`: it is there and says that this is not. */
  async jsonIfFound<T extends object>(
    ctx: RequestContext,
    request: PeerRequest,
    responseClass: new () => T,
    absent: string,
  ): Promise<T | undefined> {
    try {
      return await this.json(ctx, request, responseClass);
    } catch (error) {
      const answer = peerAnswerOf(error);
      if (answer?.status === 404 && answer.code === absent) return undefined;
      throw error;
    }
  }

  /** Sends a request whose answer is an array of contract objects. */
  async jsonArray<T extends object>(ctx: RequestContext, request: PeerRequest, itemClass: new () => T): Promise<T[]> {
    const value = await this.exchange(ctx, request, (body) => body.json());
    if (!Array.isArray(value)) throw this.unavailable(new Error('the answer is not an array'));
    return value.map((item) => this.read(itemClass, item));
  }

  /** Sends a request whose answer has no body. */
  async nothing(ctx: RequestContext, request: PeerRequest): Promise<void> {
    await this.exchange(ctx, request, (body) => body.dump());
  }

  /** Sends a request whose answer is a stream of lines; yields each line as it arrives, without its line break. */
  async lines(ctx: RequestContext, request: PeerRequest): Promise<AsyncIterable<string>> {
    try {
      return this.splitLines(await this.send(ctx, request, ctx.signal, this.streams));
    } catch (error) {
      throw this.asAppError(error);
    }
  }

  /** Resolves when the peer says that it is there. Neither an identity provider nor the peers of the peer are needed for that. */
  async ping(ctx: RequestContext): Promise<void> {
    const headers = { [HEALTH_OF]: HEALTH_OF_ITSELF };
    const request = { method: 'GET', path: '/v1/health', headers, timeoutMs: PING_TIMEOUT_MS, isPublic: true } as const;
    await this.json(ctx, request, Health);
  }

  /** Ends every connection, also those of streams that were left; whoever calls this has finished what it wanted to finish. */
  async close(): Promise<void> {
    await Promise.all([this.agent.destroy(), this.streams.destroy()]);
  }

  private async *splitLines(body: ResponseBody): AsyncGenerator<string> {
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

  /** A request whose answer is read to its end. */
  private async exchange<T>(
    ctx: RequestContext,
    request: PeerRequest,
    read: (body: ResponseBody) => Promise<T>,
  ): Promise<T> {
    const { signal, release } = abandonment(ctx.signal);
    try {
      return await read(await this.send(ctx, request, signal));
    } catch (error) {
      throw this.asAppError(error);
    } finally {
      release();
    }
  }

  /**
   * A peer that answers 401 has done nothing. When its token was refused for being too old or revoked, another one may do.
   *
   * @returns the body of a success
   */
  private async send(
    ctx: RequestContext,
    request: PeerRequest,
    signal: AbortSignal,
    agent: Agent = this.agent,
  ): Promise<ResponseBody> {
    if (signal.aborted) throw new NotSentError(signal.reason);
    const token = await this.tokenFor(ctx, request, signal);
    const sent = [token];
    let response = await this.attempt(ctx, request, { signal, agent, token });
    if (response.statusCode === 401 && token !== undefined) {
      this.options.tokens?.refused(ctx, token);
      const another = await this.tokenFor(ctx, request, signal).catch(async (error: unknown) => {
        await response.body.dump();
        throw error;
      });
      if (another !== token) {
        await response.body.dump();
        sent.push(another);
        response = await this.attempt(ctx, request, { signal, agent, token: another });
      }
    }
    if (response.statusCode >= 200 && response.statusCode < 300) return response.body;
    throw await this.errorOf(response, sent);
  }

  /** The token for a request. Without it nothing is sent, and `wasNotSent` holds for the error that says why there is none. */
  private async tokenFor(ctx: RequestContext, request: PeerRequest, signal: AbortSignal): Promise<string | undefined> {
    const { tokens } = this.options;
    if (tokens === undefined || request.isPublic === true) return undefined;
    try {
      return await tokens.token({ ...ctx, signal });
    } catch (error) {
      const cause = new NotSentError(error);
      if (!(error instanceof AppError)) throw cause;
      const { code, message, details } = error;
      throw new AppError(code, { message, cause, ...(details === undefined ? {} : { details }) });
    }
  }

  private attempt(ctx: RequestContext, request: PeerRequest, how: Attempt): Promise<Dispatcher.ResponseData> {
    const timeout = request.timeoutMs ?? this.options.timeoutMs;
    const url = new URL(this.options.baseUrl);
    const { signal, agent, token } = how;
    const sent = agent.request({
      origin: url.origin,
      path: `${url.pathname.replace(/\/$/, '')}${request.path}`,
      method: request.method,
      headers: { ...request.headers, ...this.headers(ctx, request.body !== undefined, token) },
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal,
      headersTimeout: timeout,
      bodyTimeout: timeout,
    });
    return orAbort(sent, signal);
  }

  private headers(ctx: RequestContext, hasBody: boolean, token: string | undefined): Record<string, string> {
    return {
      accept: 'application/json, application/x-ndjson',
      'x-request-id': ctx.requestId,
      traceparent: formatTraceparent(ctx.trace),
      ...(ctx.trace.state === undefined ? {} : { tracestate: ctx.trace.state }),
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
  }

  /** The peer's own error when it is one of the catalogue's; else that the peer cannot be used, with what it said in the log. */
  private async errorOf(response: Dispatcher.ResponseData, sent: readonly (string | undefined)[]): Promise<AppError> {
    const text = withoutTokens(await response.body.text().catch(() => ''), sent).slice(0, MAX_ERROR_BYTES);
    const said = readErrorBody(text);
    const cause = new PeerAnswerError(response.statusCode, said, text);
    if (said.code === undefined || !this.passesOn(said.code)) return this.unavailable(cause);
    return new AppError(said.code, {
      cause,
      ...(said.message === undefined ? {} : { message: said.message }),
      ...(said.details === undefined ? {} : { details: said.details }),
    });
  }

  private passesOn(code: string): code is ErrorCode {
    const candidates: readonly string[] = this.options.passOn ?? Object.keys(ERROR_CATALOGUE);
    return candidates.includes(code) && !NEVER_PASSED_ON.includes(code);
  }

  private read<T extends object>(responseClass: new () => T, value: unknown): T {
    try {
      return fromPeer(responseClass, value);
    } catch (error) {
      if (error instanceof ContractViolation) throw this.unavailable(error);
      throw error;
    }
  }

  private asAppError(error: unknown): AppError {
    return error instanceof AppError ? error : this.unavailable(error);
  }

  private unavailable(cause: unknown): AppError {
    return new AppError(this.options.unavailable, { cause });
  }
}
