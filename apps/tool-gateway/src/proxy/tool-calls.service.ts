import { Injectable } from '@nestjs/common';
import { Database } from '#database';
import type { RequestContext } from '#contract';
import { DEEPEST_JSON, isTooDeep } from '../json-depth.js';
import { runContextOf } from '../jobs/job-identity.js';
import { JobsService } from '../jobs/jobs.service.js';
import { filterResponse } from '../policies/response-filters.js';
import type { Allowance } from '../policies/tool-decision.js';
import type { AgentGrant } from '../tokens/agent-grant.js';
import { ToolFailure } from '../tools/node-failure.js';
import type { ToolAction } from '../tools/tool-action.js';
import { AnswerCacheService } from './answer-cache.service.js';
import { callConstraints } from './call-constraints.js';
import { IdempotencyService } from './idempotency.service.js';
import type { Hold } from './idempotency.service.js';
import { ToolExecutionService } from './tool-execution.service.js';

/** A call that may be made. */
export interface AdmittedCall {
  readonly grant: AgentGrant;
  readonly action: ToolAction;
  readonly params: Record<string, unknown>;
  readonly allowance: Allowance;
}

/** Makes calls that were admitted: now, or as jobs. */
@Injectable()
export class ToolCallsService {
  constructor(
    private readonly execution: ToolExecutionService,
    private readonly cache: AnswerCacheService,
    private readonly jobs: JobsService,
    private readonly idempotency: IdempotencyService,
    private readonly database: Database,
  ) {}

  /** @throws AppError jobs_unconfigured */
  requireJobs(): void {
    this.jobs.requireRuns();
  }

  /** @throws ToolFailure, tool_response_blocked among them; AppError tool_overloaded, tool_circuit_open */
  async make(
    ctx: RequestContext,
    { callId, grant, action, params, allowance }: AdmittedCall & { readonly callId: string },
  ): Promise<{ data: unknown; isCached: boolean }> {
    const { agentId } = grant;
    const { egress, maxResponseBytes, filters } = allowance;
    const cached = { agentId, action, params, egress };
    const known = this.cache.find(cached);
    const outputs =
      known ??
      (await this.execution.execute(ctx, {
        ...{ callId, agentId, action, params },
        runContext: runContextOf(grant),
        constraints: callConstraints(action, egress),
      }));
    // What comes after would run out of stack, and what was sent would not be remembered under its idempotency key.
    if (isTooDeep(outputs)) {
      throw blocked('response_too_deep', `The answer is nested deeper than ${DEEPEST_JSON} levels.`);
    }
    if (known === undefined) this.cache.keep(cached, outputs);
    if (maxResponseBytes !== undefined && Buffer.byteLength(JSON.stringify(outputs)) > maxResponseBytes) {
      throw blocked(
        'response_too_large',
        `The answer has more than the ${maxResponseBytes} bytes that policies allow.`,
      );
    }
    const filtered = filterResponse(filters, outputs);
    if ('blocked' in filtered) throw blocked('response_blocked', filtered.blocked);
    return { data: filtered.data, isCached: known !== undefined };
  }

  /**
   * Takes a call on as a job, together with the answer to its idempotency key: there is never the one without the other.
   *
   * @returns the id of the job
   */
  begin({
    grant,
    action,
    params,
    allowance,
    correlationId,
    hold,
  }: AdmittedCall & { readonly correlationId: string; readonly hold: Hold | undefined }): Promise<string> {
    const { filters, maxResponseBytes, egress } = allowance;
    const { isIdempotent } = action;
    return this.database.transaction(async (tx) => {
      const jobId = await this.jobs.accept(tx, {
        ...{ agentId: grant.agentId, owner: grant.owner, action, params, correlationId },
        constraints: callConstraints(action, egress),
        rules: { filters, isIdempotent, ...(maxResponseBytes === undefined ? {} : { maxResponseBytes }) },
      });
      if (hold !== undefined) await this.idempotency.settle(tx, hold, { status: 202, body: { job_id: jobId } });
      return jobId;
    });
  }
}

function blocked(reason: string, message: string): ToolFailure {
  return new ToolFailure('tool_response_blocked', { blame: 'caller', mayRepeat: false, message, details: { reason } });
}
