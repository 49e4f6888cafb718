import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Database, DueRows } from '#database';
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
  private notices: DueRows | undefined;

  constructor(
    private readonly database: Database,
    private readonly repository: ApprovalNoticesRepository,
    private readonly store: RunStoreService,
    @Inject(APPROVAL_WEBHOOK) private readonly webhook: ApprovalWebhook | undefined,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const { webhook } = this;
    if (webhook === undefined) return;
    const notices = new DueRows({
      lookMs: LOOK_MS,
      atOnce: AT_ONCE,
      take: (signal) => this.deliverDue(webhook, signal),
      onFailure: (error) => this.logger.warn({ err: error }, 'looking for notices of approvals failed'),
    });
    this.store.onCommitted(({ changes }) => {
      if (changes.newApprovals.length + changes.settledApprovals.length > 0) notices.announce();
    });
    notices.start();
    this.notices = notices;
  }

  async onModuleDestroy(): Promise<void> {
    await this.notices?.stop();
    await this.webhook?.close();
  }

  private async deliverDue(webhook: ApprovalWebhook, signal: AbortSignal): Promise<number> {
    const leaseMs = webhook.timeoutMs;
    const notices = await this.repository.claim(this.database, new Date(), { limit: AT_ONCE, leaseMs });
    await Promise.all(notices.map((notice) => this.deliver(webhook, notice, signal)));
    return notices.length;
  }

  private async deliver(webhook: ApprovalWebhook, notice: ApprovalNotice, signal: AbortSignal): Promise<void> {
    const { approval_id, type, attempts, occurred_at } = notice;
    try {
      await webhook.send(approvalEvent(notice), signal);
    } catch (error) {
      if (signal.aborted) return;
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
