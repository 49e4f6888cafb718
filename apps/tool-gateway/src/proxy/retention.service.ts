import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Database, RepeatedSweep } from '#database';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { TOOL_GATEWAY_OPTIONS } from '../tool-gateway-options.js';
import type { ToolGatewayOptions } from '../tool-gateway-options.js';
import { RemainsRepository } from './remains.repository.js';

const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;
const BATCH = 1_000;

/** Removes calls, jobs, answers and rate limits that are old; several gateways do not get into each other's way. */
@Injectable()
export class RetentionService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly sweeping = new RepeatedSweep({
    everyMs: EVERY_MS,
    sweep: () => this.sweep(),
    onFailure: (error) => this.logger.warn({ err: error }, 'old calls could not be removed'),
  });

  constructor(
    private readonly database: Database,
    private readonly repository: RemainsRepository,
    @Inject(TOOL_GATEWAY_OPTIONS) private readonly options: ToolGatewayOptions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.sweeping.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.sweeping.stop();
  }

  /** Removes all that is old now. */
  async sweep(): Promise<void> {
    const before = new Date(Date.now() - this.options.retentionDays * DAY_MS);
    const { database, repository } = this;
    await this.sweeping.inPortions(BATCH, () => repository.deleteCalls(database, before, BATCH));
    await this.sweeping.inPortions(BATCH, () => repository.deleteJobs(database, before, BATCH));
    await this.sweeping.inPortions(BATCH, () => repository.deleteAnswers(database, BATCH));
    await this.sweeping.inPortions(BATCH, () => repository.deleteRateLimits(database, BATCH));
  }
}
