import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '#database';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { RunStoreService } from '../run-store/run-store.service.js';
import { ApprovalNoticesRepository } from './approval-notices.repository.js';
import type { ApprovalNotice } from './approval-notices.repository.js';
import { APPROVAL_WEBHOOK, approvalEvent, ApprovalWebhook } from './approval-webhook.js';

const LOOK_MS = 1_000;
const AT_ONCE = 20;
const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/**
 * Tells the webhook what happens to approvals: at once, and again for a day, by whatever coordinator is alive, until it has answered.
 * Nothing waits for it: a notice is in the same transaction as what it tells of.
 */
@Injectable()
export class ApprovalNoticesService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private readonly wake = new EventEmitter();
  private looking: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly repository: ApprovalNoticesRepository,
    private readonly store: RunStoreService,
    @Inject(APPROVAL_WEBHOOK) private readonly webhook: ApprovalWebhook | undefined,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (this.webhook === undefined) return;
    this.store.onCommitted(({ changes }) => {
      if (changes.newApprovals.length + changes.settledApprovals.length > 0) this.wake.emit('notice');
    });
    this.looking = this.look(this.webhook);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.looking;
    await this.webhook?.close();
  }

  private async look(webhook: ApprovalWebhook): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const pausing = new AbortController();
      const either = AbortSignal.any([signal, pausing.signal]);
      // Before the look: what is committed during it is not overheard.
      const pause = Promise.race([
        sleep(LOOK_MS, undefined, { signal: either, ref: false }),
        once(this.wake, 'notice', { signal: either }),
      ]).catch(() => undefined);
      const found = await this.deliverDue(webhook).catch((error: unknown) => {
        this.logger.warn({ err: error }, 'looking for notices of approvals failed');
        return 0;
      });
      if (found < AT_ONCE) await pause;
      pausing.abort();
    }
  }

  private async deliverDue(webhook: ApprovalWebhook): Promise<number> {
    const leaseMs = webhook.timeoutMs;
    const notices = await this.repository.claim(this.database, new Date(), { limit: AT_ONCE, leaseMs });
    await Promise.all(notices.map((notice) => this.deliver(webhook, notice)));
    return notices.length;
  }

  private async deliver(webhook: ApprovalWebhook, notice: ApprovalNotice): Promise<void> {
    const { approval_id, type, attempts, occurred_at } = notice;
    try {
      await webhook.send(approvalEvent(notice), this.stopping.signal);
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      const isOver = Date.now() - occurred_at.getTime() >= GIVE_UP_AFTER_MS;
      const facts = { reason: reasonOf(error), approval_id, type, attempts };
      if (!isOver) return this.logger.warn(facts, 'the approval webhook could not be told; it is tried again');
      this.logger.error(facts, 'the approval webhook could not be told for a day; it is not tried again');
    }
    await this.repository.delete(this.database, notice);
  }
}

/** What of an error may be logged: the headers, and the URL, stay out of it. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : String(message);
}
