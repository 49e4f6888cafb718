import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { Database, RepeatedSweep } from '#database';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { TOOL_GATEWAY_OPTIONS } from '../tool-gateway-options.js';
import type { ToolGatewayOptions } from '../tool-gateway-options.js';
import { AgentTokensRepository } from './agent-tokens.repository.js';
import { SigningKeysService } from './signing-keys.service.js';

const EVERY_MS = 60_000;
const DAY_MS = 86_400_000;
const AT_ONCE = 1_000;
/** The clocks of two gateways may differ: what one takes for expired another may still accept. */
const CLOCK_SKEW_MS = 60_000;

/**
 * Deletes, once a minute, what nobody can use any more: ids of assertions and proofs, tokens that expired long ago, signing keys that
 * signed nothing that is still valid. Several gateways may be at it. What cannot be done now is tried again in the next round.
 */
@Injectable()
export class TokenSweepService implements OnModuleInit, OnModuleDestroy {
  private readonly sweeping = new RepeatedSweep({
    everyMs: EVERY_MS,
    sweep: () => this.sweep(new Date()),
    onFailure: (error) => this.logger.warn({ err: error }, 'expired agent tokens were not deleted'),
  });

  constructor(
    private readonly database: Database,
    private readonly repository: AgentTokensRepository,
    private readonly signingKeys: SigningKeysService,
    @Inject(TOOL_GATEWAY_OPTIONS) private readonly options: ToolGatewayOptions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.sweeping.start();
  }

  /** Stops after the statement in progress. */
  async onModuleDestroy(): Promise<void> {
    await this.sweeping.stop();
  }

  async sweep(now: Date): Promise<void> {
    const tokensBefore = new Date(now.getTime() - this.options.retentionDays * DAY_MS);
    const idsBefore = new Date(now.getTime() - CLOCK_SKEW_MS);
    await this.sweeping.inPortions(AT_ONCE, () => this.repository.deleteUsedIds(this.database, idsBefore, AT_ONCE));
    await this.sweeping.inPortions(AT_ONCE, () => this.repository.deleteTokens(this.database, tokensBefore, AT_ONCE));
    await this.signingKeys.deleteRetired(now);
  }
}
