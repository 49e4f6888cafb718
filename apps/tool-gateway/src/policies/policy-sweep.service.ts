import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Database, RepeatedSweep } from '#database';
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
  private readonly sweeping = new RepeatedSweep({
    everyMs: SWEEP_EVERY_MS,
    sweep: () => this.sweep(new Date()),
    onFailure: (error) =>
      this.logger.warn(
        { err: error },
        'old uses of quotas and decisions of policies could not be deleted; it is tried again',
      ),
  });

  constructor(
    private readonly database: Database,
    private readonly uses: ToolQuotasRepository,
    private readonly decisions: PolicyDecisionsRepository,
    @Inject(TOOL_GATEWAY_OPTIONS) private readonly options: Pick<ToolGatewayOptions, 'retentionDays'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.sweeping.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.sweeping.stop();
  }

  /** @returns how many rows were deleted */
  async sweep(now: Date): Promise<number> {
    const before = (ms: number) => new Date(now.getTime() - ms);
    const usesBefore = before(LONGEST_WINDOW_SECONDS * 1_000 + SPARE_MS);
    const decisionsBefore = before(this.options.retentionDays * DAY_MS);
    const { database, uses, decisions } = this;
    return (
      (await this.sweeping.inPortions(AT_ONCE, () => uses.deleteBefore(database, usesBefore, AT_ONCE))) +
      (await this.sweeping.inPortions(AT_ONCE, () => decisions.deleteBefore(database, decisionsBefore, AT_ONCE)))
    );
  }
}
