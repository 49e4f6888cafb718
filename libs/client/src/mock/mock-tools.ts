import { UnsecuredJWT, decodeJwt } from 'jose';
import { membersOf, textOf } from '../transport/answer-body.js';
import { DEFAULT_TOOLS } from './default-tools.js';
import type { MockTool } from './default-tools.js';
import { jsonReply } from './mock-request.js';
import type { MockRequest } from './mock-request.js';

/** What the next call meets. */
export type MockFailure =
  | { readonly kind: 'policy_denied'; readonly reason?: string }
  | { readonly kind: 'rate_limited'; readonly retryAfter?: number }
  | { readonly kind: 'upstream_error'; readonly message?: string }
  | { readonly kind: 'token_expired' }
  | { readonly kind: 'unreachable' }
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code: string;
      readonly message?: string;
      readonly details?: unknown;
    };

/** A call of a tool, as the mock has got it. */
export interface MockCall {
  readonly tool: string;
  readonly action: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly intent?: string;
  readonly idempotencyKey?: string;
  readonly correlationId?: string;
  readonly isAsync: boolean;
}

interface MockJob {
  looks: number;
  readonly finish: () => Promise<Readonly<Record<string, unknown>>>;
  ended?: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
}

/** The tool gateway's side of the mock. */
export class MockTools {
  readonly calls: MockCall[] = [];
  private readonly tools: Readonly<Record<string, MockTool>>;
  private readonly staged = new Map<string, MockFailure[]>();
  private readonly expired = new Set<string>();
  private readonly jobs = new Map<string, MockJob>();
  private readonly replies = new Map<string, unknown>();
  private isRotationDue = false;

  constructor(
    tools: Readonly<Record<string, MockTool>>,
    private readonly jobLooks: number,
  ) {
    this.tools = { ...DEFAULT_TOOLS, ...tools };
  }

  stage(target: string, failures: readonly MockFailure[]): void {
    this.staged.set(target, [...(this.staged.get(target) ?? []), ...failures]);
  }

  recommendRotation(): void {
    this.isRotationDue = true;
  }

  async answer(request: MockRequest): Promise<Response | undefined> {
    const { method, path } = request;
    if (method === 'POST' && path === '/api/generate-token') return this.mint(request);
    if (method === 'POST' && path === '/api/proxy-request') return this.call(request);
    const job = /^\/api\/jobs\/([^/]+)$/.exec(path)?.[1];
    if (method === 'GET' && job !== undefined) return this.readJob(decodeURIComponent(job), request);
    return undefined;
  }

  private mint({ body, correlationId }: MockRequest): Response {
    const { agent_id, tools, permissions, ttl_minutes } = membersOf(body);
    if (typeof agent_id !== 'string' || !Array.isArray(tools) || !Array.isArray(permissions)) {
      return refusal(400, 'invalid_request', 'agent_id, tools and permissions are needed.', correlationId);
    }
    const lifetime = (typeof ttl_minutes === 'number' ? ttl_minutes : 15) * 60;
    const now = Math.floor(Date.now() / 1000);
    const id = crypto.randomUUID();
    const token = new UnsecuredJWT({ tools, permissions })
      .setSubject(agent_id)
      .setIssuedAt(now)
      .setExpirationTime(now + lifetime)
      .setJti(id)
      .encode();
    const expiresAt = new Date((now + lifetime) * 1000).toISOString();
    return jsonReply(201, { agent_token: token, token_id: id, expires_at: expiresAt, agent_name: agent_id });
  }

  private async call({ body, headers, correlationId }: MockRequest): Promise<Response> {
    const { tool, action, params, intent, ...rest } = membersOf(body);
    const name = `${String(tool)}:${String(action)}`;
    const token = tokenOf(headers, rest['agent_token']);
    const given = membersOf(params);
    const idempotencyKey = headers.get('idempotency-key') ?? textOf(given['idempotency_key']);
    const isAsync = rest['async'] === true;
    this.calls.push({
      tool: String(tool),
      action: String(action),
      params: given,
      isAsync,
      ...(textOf(intent) === undefined ? {} : { intent: String(intent) }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(correlationId === undefined ? {} : { correlationId }),
    });
    const failure = this.nextFailure(name, String(tool));
    if (failure !== undefined) {
      if (failure.kind === 'token_expired' && token !== undefined) this.expired.add(token);
      else return failed(failure, correlationId);
    }
    const refused = this.refusedToken(token, String(tool), correlationId);
    if (refused !== undefined) return refused;
    const handler = this.tools[name];
    if (handler === undefined) return refusal(400, 'unknown_tool', `There is no tool ${name}.`, correlationId);
    const metadata = {
      agent_id: decodeJwt(token ?? '').sub,
      agent_name: decodeJwt(token ?? '').sub,
      tool,
      action,
      response_time_ms: 1,
      correlation_id: correlationId,
    };
    if (isAsync) return jsonReply(202, { job_id: this.submit(handler, given), status: 'queued' });
    const kept = idempotencyKey === undefined ? undefined : `${name} ${idempotencyKey}`;
    if (kept !== undefined && this.replies.has(kept)) {
      const data = this.replies.get(kept);
      return jsonReply(200, { success: true, data, metadata: { ...metadata, idempotent_replay: true } });
    }
    try {
      const data: unknown = await handler(given);
      if (kept !== undefined) this.replies.set(kept, data);
      const rotation: Record<string, string> = this.isRotationDue ? { 'x-token-rotation-recommended': 'true' } : {};
      this.isRotationDue = false;
      return jsonReply(200, { success: true, data, metadata }, rotation);
    } catch (error) {
      return refusal(502, 'tool_upstream_error', messageOf(error), correlationId);
    }
  }

  private submit(handler: MockTool, params: Readonly<Record<string, unknown>>): string {
    const id = `job_${crypto.randomUUID()}`;
    const finish = async (): Promise<Readonly<Record<string, unknown>>> => {
      try {
        return { status: 'done', result: await handler(params) };
      } catch (error) {
        return { status: 'failed', error: messageOf(error), code: 'tool_upstream_error' };
      }
    };
    this.jobs.set(id, { looks: 0, finish, createdAt: new Date().toISOString() });
    return id;
  }

  /** A job is queued, then running, and ends at the look after `jobLooks` of these. */
  private async readJob(id: string, { headers, correlationId }: MockRequest): Promise<Response> {
    if (tokenOf(headers, undefined) === undefined) {
      return refusal(401, 'agent_token_invalid', 'A token is needed.', correlationId);
    }
    const job = this.jobs.get(id);
    if (job === undefined) return refusal(404, 'job_not_found', 'There is no job with this id.', correlationId);
    const look = job.looks;
    job.looks += 1;
    const known = { job_id: id, created_at: job.createdAt };
    if (look < this.jobLooks) return jsonReply(200, { ...known, status: look === 0 ? 'queued' : 'running' });
    job.ended ??= { ...(await job.finish()), finished_at: new Date().toISOString() };
    return jsonReply(200, { ...known, ...job.ended });
  }

  private nextFailure(name: string, tool: string): MockFailure | undefined {
    return [name, tool, '*'].map((target) => this.staged.get(target)?.shift()).find((failure) => failure !== undefined);
  }

  private refusedToken(
    token: string | undefined,
    tool: string,
    correlationId: string | undefined,
  ): Response | undefined {
    if (token === undefined) return refusal(401, 'agent_token_invalid', 'A token is needed.', correlationId);
    try {
      const { tools, exp = 0 } = decodeJwt(token);
      if (this.expired.has(token) || exp * 1000 < Date.now()) {
        return refusal(401, 'agent_token_expired', 'The token has ended.', correlationId);
      }
      if (Array.isArray(tools) && tools.includes(tool)) return undefined;
      return refusal(403, 'tool_not_permitted', `The token does not permit ${tool}.`, correlationId);
    } catch {
      return refusal(401, 'agent_token_invalid', 'The token is none of this gateway.', correlationId);
    }
  }
}

function tokenOf(headers: Headers, inBody: unknown): string | undefined {
  return /^(?:Bearer|DPoP) (.+)$/i.exec(headers.get('authorization') ?? '')?.[1] ?? textOf(inBody);
}

function failed(failure: MockFailure, correlationId: string | undefined): Response {
  switch (failure.kind) {
    case 'policy_denied': {
      const { reason = 'scope_not_allowed' } = failure;
      return refusal(403, 'tool_policy_denied', 'Policy denied', correlationId, { reason });
    }
    case 'rate_limited': {
      const { retryAfter = 1 } = failure;
      const details = { retry_after: retryAfter };
      const headers = { 'retry-after': String(retryAfter) };
      return refusal(429, 'tool_rate_limited', 'Too many calls.', correlationId, { details }, headers);
    }
    case 'upstream_error':
      return refusal(502, 'tool_upstream_error', failure.message ?? 'The tool failed.', correlationId);
    case 'token_expired':
      return refusal(401, 'agent_token_expired', 'The token has ended.', correlationId);
    case 'unreachable':
      throw new TypeError('fetch failed');
    case 'error': {
      const { status, code, message = code, details } = failure;
      return refusal(status, code, message, correlationId, details === undefined ? {} : { details });
    }
  }
}

function refusal(
  status: number,
  code: string,
  error: string,
  correlationId: string | undefined,
  more: object = {},
  headers: Readonly<Record<string, string>> = {},
): Response {
  return jsonReply(status, { error, code, ...more, correlation_id: correlationId }, headers);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
