import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '#database';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { TOOL_GATEWAY_OPTIONS } from '../tool-gateway-options.js';
import type { ToolGatewayOptions } from '../tool-gateway-options.js';
import { RemainsRepository } from './remains.repository.js';

const DAY_MS = 86_400_000;
const FIRST_AFTER_MS = 30_000;
const EVERY_MS = 3_600_000;
const BATCH = 1_000;

/** Removes calls, jobs, answers and rate limits that are old; several gateways do not get into each other's way. */
@Injectable()
export class RetentionService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly repository: RemainsRepository,
    @Inject(TOOL_GATEWAY_OPTIONS) private readonly options: ToolGatewayOptions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.sweeping = this.repeat();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.sweeping;
  }

  /** Removes all that is old now. */
  async sweep(): Promise<void> {
    const before = new Date(Date.now() - this.options.retentionDays * DAY_MS);
    const { database, repository } = this;
    await this.untilNone(() => repository.deleteCalls(database, before, BATCH));
    await this.untilNone(() => repository.deleteJobs(database, before, BATCH));
    await this.untilNone(() => repository.deleteAnswers(database, BATCH));
    await this.untilNone(() => repository.deleteRateLimits(database, BATCH));
  }

  private async untilNone(remove: () => Promise<number>): Promise<void> {
    while (!this.stopping.signal.aborted && (await remove()) === BATCH);
  }

  private async repeat(): Promise<void> {
    const { signal } = this.stopping;
    for (let wait = FIRST_AFTER_MS; !signal.aborted; wait = EVERY_MS) {
      await sleep(wait, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      await this.sweep().catch((error: unknown) => this.logger.warn({ err: error }, 'old calls could not be removed'));
    }
  }
}
