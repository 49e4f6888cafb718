import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '#database';
import type { Queryable } from '#database';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { TOOL_GATEWAY_OPTIONS } from '../tool-gateway-options.js';
import type { ToolGatewayOptions } from '../tool-gateway-options.js';
import { PolicyDecisionsRepository } from './policy-decisions.repository.js';
import { LONGEST_WINDOW_SECONDS } from './quota-window.js';
import { ToolQuotasRepository } from './tool-quotas.repository.js';

const SWEEP_EVERY_MS = 3_600_000;
const AT_ONCE = 5_000;
const DAY_MS = 86_400_000;
/** The clocks of gateways differ a little. */
const SPARE_MS = 60_000;

/** Deletes, every hour, uses that no quota counts any more, and decisions older than the log is kept. */
@Injectable()
export class PolicySweepService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly uses: ToolQuotasRepository,
    private readonly decisions: PolicyDecisionsRepository,
    @Inject(TOOL_GATEWAY_OPTIONS) private readonly options: Pick<ToolGatewayOptions, 'retentionDays'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.sweeping = this.sweepForEver();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.sweeping;
  }

  /** @returns how many rows were deleted */
  async sweep(now: Date): Promise<number> {
    const before = (ms: number) => new Date(now.getTime() - ms);
    const uses = await this.deleteAll(this.uses, before(LONGEST_WINDOW_SECONDS * 1_000 + SPARE_MS));
    return uses + (await this.deleteAll(this.decisions, before(this.options.retentionDays * DAY_MS)));
  }

  private async sweepForEver(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.sweep(new Date()).catch((error: unknown) => {
        this.logger.warn(
          { err: error },
          'old uses of quotas and decisions of policies could not be deleted; it is tried again',
        );
      });
      await sleep(SWEEP_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  private async deleteAll(
    rows: { deleteBefore(db: Queryable, before: Date, limit: number): Promise<number> },
    before: Date,
  ): Promise<number> {
    let all = 0;
    for (let deleted = AT_ONCE; deleted >= AT_ONCE && !this.stopping.signal.aborted; all += deleted) {
      deleted = await rows.deleteBefore(this.database, before, AT_ONCE);
    }
    return all;
  }
}
