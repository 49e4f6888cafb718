import { mockFor } from '../mock/mock-gateway.js';
import { membersOf, textOf } from '../transport/answer-body.js';
import { idempotencyHeader } from '../transport/idempotency-header.js';
import { checkedBaseUrl, isMockUrl } from '../transport/service-url.js';
import { generateCorrelationId } from '../transport/correlation.js';
import { Deadline, sleep, unlessAborted } from '../transport/deadline.js';
import { globalFetch, Transport } from '../transport/transport.js';
import type { Answer, Call } from '../transport/transport.js';
import { DpopKey } from './agent-key.js';
import { AgentTokens, refuseOldToken } from './agent-tokens.js';
import type { Permission, TokenOptions } from './agent-tokens.js';
import {
  GatewayAuthError,
  GatewayError,
  gatewayErrors,
  GatewayTimeoutError,
  malformedAnswer,
} from './gateway-errors.js';
import { isJobBody, presentJob } from './jobs.js';
import type { Job } from './jobs.js';
import { TokenMinting } from './token-minting.js';
import { presentMetadata } from './tool-gateway-options.js';
import type {
  JobOptions,
  ProxyMetadata,
  ProxyOptions,
  RequestOptions,
  ToolGatewayClientOptions,
  WaitForJobOptions,
} from './tool-gateway-options.js';

/** Actions that change nothing: the client asks for a token that can only read, and repeats them. */
const READS = ['http_fetch:get', 'http_fetch:head', 'serpapi', 'openai', 'gmail_send:profile'];
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;
const CORRELATION_ID = /^[A-Za-z0-9_.-]{1,128}$/;
/** Refusals of a token that another token mends: nothing has run. */
const TOKEN_REFUSALS = ['agent_token_expired', 'agent_token_invalid'];

/**
 * Calls outside tools through the tool gateway, with the agent's own key.
 *
 * @example
 * const gateway = new ToolGatewayClient({ baseUrl, agentId, agentPrivateKey });
 * const results = await gateway.proxy('serpapi', 'search', { q: 'site:example.com' });
 */
export class ToolGatewayClient {
  private readonly baseUrl: string;
  private readonly closing = new AbortController();
  private readonly transport: Transport;
  private readonly tokens: AgentTokens;
  private readonly dpop: DpopKey | undefined;
  private intent: string | undefined;
  /** With what kind of token a job of this client was made: the same reads it. */
  private readonly wantedOfJob = new Map<string, TokenOptions>();

  constructor(private readonly options: ToolGatewayClientOptions) {
    const needed = options.legacyMinting === true ? ['agentId' as const] : (['agentId', 'agentPrivateKey'] as const);
    for (const name of needed) {
      // In plain JavaScript an environment variable that is not set comes here.
      if (options[name] === undefined || options[name] === '') throw new TypeError(`ToolGatewayClient needs ${name}.`);
    }
    this.baseUrl = checkedBaseUrl(options.baseUrl, 'baseUrl');
    this.intent = options.defaultIntent;
    this.dpop = options.dpop === true ? new DpopKey() : undefined;
    this.transport = new Transport({
      fetch: options.fetch ?? (isMockUrl(this.baseUrl) ? mockFor(this.baseUrl).fetch : globalFetch),
      errors: gatewayErrors,
      retry: options.retry,
      logger: options.logger,
      traceparent: options.traceparent,
      closing: this.closing.signal,
    });
    const minting = new TokenMinting(this.transport, this.baseUrl, options, this.dpop);
    this.tokens = new AgentTokens((wanted) => minting.mint(wanted));
  }

  /** The intent of the calls from now on; undefined: none. */
  setIntent(intent: string | undefined): void {
    this.intent = intent;
  }

  /** Fetches a new token. Give it to `proxy`, or let `proxy` fetch its own. */
  async getToken(options: TokenOptions, { signal }: Pick<RequestOptions, 'signal'> = {}): Promise<string> {
    return this.until(signal, () => this.tokens.mintFor(options));
  }

  /**
   * Calls a tool and gives what it answers.
   *
   * @param options a token of `getToken`, or options
   * @throws GatewayError or one of its subclasses; the reason of `signal` when that fires
   */
  async proxy<T = unknown>(
    tool: string,
    action: string,
    params: object = {},
    options: string | ProxyOptions = {},
  ): Promise<T> {
    return (await this.proxyWithMetadata<T>(tool, action, params, options)).data;
  }

  /** As `proxy`, with what the gateway says about the call. */
  async proxyWithMetadata<T = unknown>(
    tool: string,
    action: string,
    params: object = {},
    options: string | ProxyOptions = {},
  ): Promise<{ readonly data: T; readonly metadata: ProxyMetadata }> {
    const answer = await this.callTool(tool, action, params, given(options), false);
    const body = membersOf(answer.body);
    if (body['success'] !== true) throw malformedAnswer(answer, '"success": true');
    return { data: body['data'] as T, metadata: presentMetadata(body['metadata']) };
  }

  /** Has a tool called later; `getJob` and `waitForJob` tell what became of it. */
  async proxyAsync(
    tool: string,
    action: string,
    params: object = {},
    options: string | ProxyOptions = {},
  ): Promise<{ readonly jobId: string }> {
    const answer = await this.callTool(tool, action, params, given(options), true);
    const jobId = textOf(membersOf(answer.body)['job_id']);
    if (jobId === undefined) throw malformedAnswer(answer, 'a job_id');
    this.wantedOfJob.set(jobId, this.wantedFor(tool, action, given(options)));
    const [oldest] = this.wantedOfJob.keys();
    if (this.wantedOfJob.size > 1000 && oldest !== undefined) this.wantedOfJob.delete(oldest);
    return { jobId };
  }

  /** Where a job of this agent is. */
  async getJob<T = unknown>(jobId: string, options: JobOptions = {}): Promise<Job<T>> {
    const answer = await this.withToken(options, this.wantedOfJob.get(jobId), (token) => ({
      method: 'GET',
      url: `${this.baseUrl}/api/jobs/${encodeURIComponent(jobId)}`,
      prepare: async () => ({
        headers: await this.authorization('GET', `/api/jobs/${encodeURIComponent(jobId)}`, token),
      }),
      repeatable: true,
    }));
    if (!isJobBody(answer.body)) throw malformedAnswer(answer, 'a job with a status');
    return presentJob<T>(jobId, answer.body);
  }

  /** Waits until a job is `done` or `failed`. Throws GatewayTimeoutError when that takes too long; the job goes on. */
  async waitForJob<T = unknown>(jobId: string, options: WaitForJobOptions = {}): Promise<Job<T>> {
    const { token, signal, timeoutMs = 300_000, pollMs = 500 } = options;
    const deadline = new Deadline([signal, this.closing.signal], timeoutMs);
    try {
      for (;;) {
        const job = await this.getJob<T>(jobId, { signal: deadline.signal, ...(token === undefined ? {} : { token }) });
        if (job.status === 'done' || job.status === 'failed') return job;
        await sleep(pollMs, deadline.signal);
      }
    } catch (error) {
      if (!deadline.timedOut) throw error;
      throw new GatewayTimeoutError(`The job ${jobId} has not ended within ${timeoutMs} ms.`, {
        code: 'timeout',
        retryable: true,
      });
    } finally {
      deadline.end();
    }
  }

  /** Ends the calls under way and forgets the tokens; further calls are refused. */
  async close(): Promise<void> {
    this.closing.abort(new GatewayError('The client is closed.', { code: 'client_closed' }));
    this.tokens.clear();
    this.wantedOfJob.clear();
  }

  /** As `close`: `await using gateway = new ToolGatewayClient(…)`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async callTool(
    tool: string,
    action: string,
    params: object,
    options: ProxyOptions,
    isAsync: boolean,
  ): Promise<Answer> {
    const { idempotency_key: inParams, idempotencyKey: inParamsToo } = membersOf(params);
    const key = options.idempotencyKey ?? textOf(inParams) ?? textOf(inParamsToo);
    if (key !== undefined && !IDEMPOTENCY_KEY.test(key)) {
      throw new GatewayError('An idempotency key is 1 to 255 visible ASCII characters.', {
        code: 'idempotency_key_invalid',
      });
    }
    const intent = options.intent ?? this.intent;
    const { proofPayload } = options;
    const body = {
      tool,
      action,
      params,
      ...(intent === undefined ? {} : { intent }),
      ...(isAsync ? { async: true } : {}),
      ...(proofPayload === undefined
        ? {}
        : { proof_payload: typeof proofPayload === 'string' ? proofPayload : JSON.stringify(proofPayload) }),
    };
    return this.withToken(options, this.wantedFor(tool, action, options), (token) => ({
      method: 'POST',
      url: `${this.baseUrl}/api/proxy-request`,
      prepare: async () => ({
        headers: {
          ...(await this.authorization('POST', '/api/proxy-request', token)),
          ...(key === undefined ? {} : { 'idempotency-key': idempotencyHeader(key) }),
        },
        body: JSON.stringify(this.options.legacyMinting === true ? { agent_token: token, ...body } : body),
      }),
      repeatable: key !== undefined || isOneOf(this.options.idempotentActions ?? READS, tool, action),
      about: { tool, action, params },
    }));
  }

  /**
   * Makes a call with a token. One that this client has fetched is replaced when it is worn out, when the gateway recommends
   * it, and once when it refuses it.
   */
  private async withToken(
    options: JobOptions,
    wanted: TokenOptions | undefined,
    callWith: (token: string) => Omit<Call, 'correlationId' | 'signal' | 'timeoutMs'>,
  ): Promise<Answer> {
    const given = options.token;
    const limits = this.limits(options);
    const next = async (): Promise<string> => {
      if (given !== undefined) return this.tokens.successorOf(given);
      if (wanted !== undefined) return this.tokens.tokenFor(wanted);
      // Every token of the agent reads its jobs, so one that permits no tool will do.
      return this.tokens.any() ?? this.tokens.tokenFor({ tools: ['jobs'], permissions: ['read'] });
    };
    const token = await this.until(options.signal, next);
    refuseOldToken(token);
    let used = token;
    let answer: Answer;
    try {
      answer = await this.transport.send({ ...callWith(token), ...limits });
    } catch (error) {
      if (!(error instanceof GatewayAuthError) || !this.tokens.isOwn(token)) throw error;
      // Somebody has ended it on purpose: this call is over, and the next one asks whether the agent may have another.
      if (error.code === 'agent_token_revoked') this.tokens.retire(token);
      if (!TOKEN_REFUSALS.includes(error.code)) throw error;
      this.tokens.retire(token);
      used = await this.until(options.signal, next);
      answer = await this.transport.send({ ...callWith(used), ...limits });
    }
    if (answer.headers.get('x-token-rotation-recommended')?.toLowerCase() === 'true') this.tokens.retire(used);
    return answer;
  }

  private wantedFor(tool: string, action: string, { permissions }: ProxyOptions): TokenOptions {
    const needed: readonly Permission[] = isOneOf(READS, tool, action) ? ['read'] : ['read', 'write'];
    return { tools: [tool], permissions: permissions ?? needed };
  }

  private async authorization(method: string, path: string, token: string): Promise<Record<string, string>> {
    if (this.options.legacyMinting === true && method === 'POST') return {};
    if (this.dpop === undefined) return { authorization: `Bearer ${token}` };
    return {
      authorization: `DPoP ${token}`,
      dpop: await this.dpop.proof(method, `${this.baseUrl}${path}`, token),
    };
  }

  private limits(options: RequestOptions): Pick<Call, 'timeoutMs' | 'signal' | 'correlationId'> {
    const { signal, correlationId = generateCorrelationId(), timeoutMs = this.options.timeoutMs ?? 6000 } = options;
    if (!CORRELATION_ID.test(correlationId)) {
      throw new GatewayError('A correlation id is 1 to 128 characters of A-Z a-z 0-9 _ . -', {
        code: 'correlation_id_invalid',
      });
    }
    return { timeoutMs, signal, correlationId };
  }

  /** Waits for what several calls may share: an abort ends this caller's wait, not the work. */
  private async until<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const lifetime = new Deadline([this.closing.signal, signal]);
    try {
      lifetime.signal.throwIfAborted();
      return await unlessAborted(work(), lifetime.signal);
    } finally {
      lifetime.end();
    }
  }
}

function given(options: string | ProxyOptions): ProxyOptions {
  return typeof options === 'string' ? { token: options } : options;
}

function isOneOf(actions: readonly string[], tool: string, action: string): boolean {
  return [tool, `${tool}:*`, `${tool}:${action}`].some((name) => actions.includes(name));
}
