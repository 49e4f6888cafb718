import { Inject, Injectable } from '@nestjs/common';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '#contract';
import { Database } from '#database';
import { TOOL_GATEWAY_OPTIONS } from '../tool-gateway-options.js';
import type { ToolGatewayOptions } from '../tool-gateway-options.js';

const WINDOW_SECONDS = 60;

/** How often an agent may call a tool: counted in the database, so for all gateways together. */
@Injectable()
export class RateLimitService {
  private readonly limiter: RateLimiterPostgres;

  constructor(database: Database, @Inject(TOOL_GATEWAY_OPTIONS) { ratePerMinute }: ToolGatewayOptions) {
    this.limiter = new RateLimiterPostgres({
      storeClient: clientOf(database),
      storeType: 'client',
      tableName: 'tool_rate_limits',
      keyPrefix: '',
      points: ratePerMinute,
      duration: WINDOW_SECONDS,
      // The table is of our migrations, and old rows are removed with everything else that is old.
      tableCreated: true,
      clearExpiredByTimeout: false,
    });
  }

  /** @throws AppError tool_rate_limited; database_unavailable when nobody can count: then nothing is let through */
  async consume(agentId: string, tool: string): Promise<void> {
    try {
      await this.limiter.consume(`${agentId}:${tool}`);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      const seconds = Math.max(1, Math.ceil(error.msBeforeNext / 1_000));
      throw new AppError('tool_rate_limited', { details: { retry_after: seconds } });
    }
  }
}

/** The one method of a client of `pg` that the library calls. */
function clientOf(database: Database) {
  return {
    query: async ({ text, values }: { readonly text: string; readonly values: readonly unknown[] }) => {
      const rows = await database.query(text, values);
      return { rows, rowCount: rows.length };
    },
  };
}
