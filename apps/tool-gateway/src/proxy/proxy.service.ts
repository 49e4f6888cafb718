import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { stringify } from 'safe-stable-stringify';
import { AppError } from '#contract';
import type { RequestContext } from '#contract';
import { errorReply } from '#http';
import type { AgentGrant } from '../tokens/agent-grant.js';
import type { ToolCallEntity } from '../tables/tool-call.entity.js';
import { ToolFailure } from '../tools/node-failure.js';
import { ToolCatalogueService } from '../tools/tool-catalogue.service.js';
import type { ToolAction } from '../tools/tool-action.js';
import { TOOL_GATEWAY_OPTIONS } from '../tool-gateway-options.js';
import type { ToolGatewayOptions } from '../tool-gateway-options.js';
import { AdmissionService } from './admission.service.js';
import { CallLogService } from './call-log.service.js';
import { IdempotencyService, isKept } from './idempotency.service.js';
import type { Hold } from './idempotency.service.js';
import type { JobAccepted, ProxyAnswer } from './proxy-answer.js';
import type { ToolRequest } from './proxy-request.js';
import { ToolCallsService } from './tool-calls.service.js';

/** A call on its way, and what is to be known of it afterwards. */
interface Call {
  readonly callId: string;
  readonly grant: AgentGrant;
  readonly request: ToolRequest;
  readonly correlationId: string;
}

/** How a call was answered. */
interface Outcome {
  readonly status: number;
  /** `{ data }`, or `{ job_id }`. */
  readonly body: Record<string, unknown>;
  readonly isCached?: boolean;
  readonly isReplay?: boolean;
}

/** The way of a call: what is checked in which order, idempotency around it, and a row of the log whatever comes of it. */
@Injectable()
export class ProxyService {
  constructor(
    private readonly catalogue: ToolCatalogueService,
    private readonly admission: AdmissionService,
    private readonly idempotency: IdempotencyService,
    private readonly calls: ToolCallsService,
    private readonly log: CallLogService,
    @Inject(TOOL_GATEWAY_OPTIONS) private readonly options: ToolGatewayOptions,
  ) {}

  /**
   * @param grant of the agent that calls
   * @throws AppError as the codes of the route say
   */
  async call(
    ctx: RequestContext,
    grant: AgentGrant,
    request: ToolRequest,
    correlationId: string,
  ): Promise<ProxyAnswer | JobAccepted> {
    const call: Call = { callId: `call_${randomUUID()}`, grant, request, correlationId };
    const at = new Date();
    const begun = performance.now();
    const elapsed = () => Math.round(performance.now() - begun);
    let outcome: Outcome;
    try {
      outcome = await this.answer(ctx, call);
    } catch (error) {
      const { status, body } = errorReply(error);
      await this.write(call, at, elapsed(), { status, code: body.error.code, cached: false, job_id: null });
      throw error;
    }
    const jobId = jobIdOf(outcome);
    const cached = outcome.isCached === true;
    await this.write(call, at, elapsed(), { status: outcome.status, code: null, cached, job_id: jobId });
    return jobId === null ? present(call, outcome, elapsed()) : { job_id: jobId, status: 'queued' };
  }

  private async answer(ctx: RequestContext, call: Call): Promise<Outcome> {
    const { grant, request } = call;
    const action = await this.catalogue.find(ctx, request.tool, request.action);
    this.admission.checkToken(grant, action, request);
    if (request.isAsync) this.calls.requireJobs();
    const key = request.idempotencyKey ?? this.impliedKey(call, action);
    if (key === undefined) return this.perform(ctx, call, action);
    const { tool, params, isAsync } = request;
    const found = await this.idempotency.begin({
      agentId: grant.agentId,
      key,
      request: [tool, request.action, params, isAsync],
      // Nothing of a job is written without its answer.
      mayBeginAgain: isAsync || action.isIdempotent,
      callMs: isAsync ? 0 : this.options.callTimeoutMs,
    });
    return isKept(found) ? { ...found, isReplay: true } : this.performOnce(ctx, call, action, found);
  }

  /**
   * The stock Python SDK repeats every call that fails, mails too, under one correlation id: where it is served, that and the request
   * stand for the key that it does not send.
   */
  private impliedKey({ request, correlationId }: Call, action: ToolAction): string | undefined {
    if (!this.options.legacyMinting || action.isIdempotent) return undefined;
    const { tool, params, isAsync } = request;
    return `${correlationId} ${stringify([tool, request.action, params, isAsync])}`;
  }

  /** Under an idempotency key: what may have taken effect is remembered, what certainly did not may be asked for again. */
  private async performOnce(ctx: RequestContext, call: Call, action: ToolAction, hold: Hold): Promise<Outcome> {
    try {
      const outcome = await this.perform(ctx, call, action, hold);
      if (jobIdOf(outcome) === null) await this.idempotency.keep(hold, outcome);
      return outcome;
    } catch (error) {
      const definite = definiteError(error, action, call.request);
      if (definite === undefined) await this.idempotency.release(hold);
      else await this.idempotency.keepError(hold, definite);
      throw error;
    }
  }

  private async perform(ctx: RequestContext, call: Call, action: ToolAction, hold?: Hold): Promise<Outcome> {
    const { grant, request, callId, correlationId } = call;
    const allowance = await this.admission.admit(grant, action, request);
    const { params } = request;
    if (request.isAsync) {
      const jobId = await this.calls.begin({ grant, action, params, allowance, correlationId, hold });
      return { status: 202, body: { job_id: jobId } };
    }
    const { data, isCached } = await this.calls.make(ctx, { callId, grant, action, params, allowance });
    return { status: 200, body: { data }, isCached };
  }

  private write(
    { callId, grant, request, correlationId }: Call,
    at: Date,
    durationMs: number,
    end: Pick<ToolCallEntity, 'status' | 'code' | 'cached' | 'job_id'>,
  ): Promise<void> {
    return this.log.write({
      call_id: callId,
      at,
      owner: grant.owner,
      agent_id: grant.agentId,
      correlation_id: correlationId,
      tool: request.tool,
      action: request.action,
      duration_ms: durationMs,
      ...end,
    });
  }
}

/** The error to keep for good; undefined: the same key may be used again. */
function definiteError(error: unknown, action: ToolAction, { isAsync }: ToolRequest): AppError | undefined {
  if (error instanceof ToolFailure) return error.isDefinite(action) ? error : undefined;
  if (error instanceof AppError || isAsync || action.isIdempotent) return undefined;
  // Nobody foresaw it, so nobody knows how far it came.
  return new AppError('tool_outcome_unknown');
}

function jobIdOf({ body }: Outcome): string | null {
  const { job_id: jobId } = body;
  return typeof jobId === 'string' ? jobId : null;
}

function present({ grant, request, correlationId }: Call, outcome: Outcome, elapsedMs: number): ProxyAnswer {
  return {
    success: true,
    data: outcome.body['data'] as Record<string, unknown>,
    metadata: {
      agent_id: grant.agentId,
      agent_name: grant.agentName,
      tool: request.tool,
      action: request.action,
      response_time_ms: elapsedMs,
      correlation_id: correlationId,
      ...(outcome.isCached === true ? { cached: true } : {}),
      ...(outcome.isReplay === true ? { idempotent_replay: true } : {}),
    },
  };
}
