import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { AppError } from '#contract';
import { Database } from '#database';
import { windowEndOf, windowStartOf, windowTextOf } from './quota-window.js';
import type { QuotaRule } from './tool-decision.js';
import { ToolQuotasRepository } from './tool-quotas.repository.js';

/** What is charged: one call of one action by one agent. */
export interface QuotaCharge {
  readonly agentId: string;
  readonly tool: string;
  readonly action: string;
}

/** Counts what agents use, in the database, for all gateways together. */
@Injectable()
export class ToolQuotasService {
  constructor(
    private readonly database: Database,
    private readonly repository: ToolQuotasRepository,
  ) {}

  /**
   * Lets a call through if every quota has room for it, and then counts it; a call that is refused counts nowhere. To be called last,
   * when the call is about to be made.
   *
   * @param quotas of the decision; without one nothing is counted
   * @throws AppError tool_quota_exceeded, in `details` `retry_after` (seconds until there is room again, at least 1), `limit` and
   * `window` of the quota that takes longest
   */
  async charge({ agentId, tool, action }: QuotaCharge, quotas: readonly QuotaRule[], now: Date): Promise<void> {
    if (quotas.length === 0) return;
    const key = { agentId, scope: `${tool}:${action}` };
    const questions = quotas.map(({ limit, windowSeconds, resetStrategy }) => ({
      limit,
      since: windowStartOf(resetStrategy, windowSeconds, now),
    }));
    const use = { agent_id: agentId, scope: key.scope, at: now, use_id: randomUUID() };
    const usedUp = await this.database.transaction(async (tx) => {
      await this.repository.lock(tx, key);
      const found = await this.repository.findUsedUp(tx, key, questions);
      if (found.length === 0) await this.repository.insert(tx, use);
      return found;
    });
    const waits = usedUp.flatMap(({ place, at }) => {
      const quota = quotas[place];
      return quota === undefined ? [] : [{ quota, until: windowEndOf(quota.resetStrategy, quota.windowSeconds, at) }];
    });
    const [longest] = waits.sort((left, right) => right.until.getTime() - left.until.getTime());
    if (longest !== undefined) throw quotaExceeded(key.scope, longest.quota, longest.until, now);
  }
}

function quotaExceeded(scope: string, { limit, windowSeconds }: QuotaRule, until: Date, now: Date): AppError {
  const window = windowTextOf(windowSeconds);
  return new AppError('tool_quota_exceeded', {
    message: `The quota of ${limit} calls of ${scope} in ${window} is used up until ${until.toISOString()}.`,
    details: {
      retry_after: Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1_000)),
      scope,
      limit,
      window,
    },
  });
}
