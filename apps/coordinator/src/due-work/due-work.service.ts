import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { once, EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '#database';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { RunStoreService } from '../run-store/run-store.service.js';
import { DueWorkRepository } from './due-work.repository.js';
import type { DueRow } from './due-work.repository.js';
import type { DispatchTicket, NodeRunKey } from './dispatch-ticket.js';

const LOOK_MIN_MS = 50;
const LOOK_MAX_MS = 1_250;
const TIMERS_AT_ONCE = 100;

/** Takes what is due. */
export interface DueWorkTaker {
  /** How many node runs it would look at now. */
  room(): number;
  ready(rows: readonly DueRow[]): Promise<void>;
}

/**
 * Looks for what is due, whoever enqueued it: every 50 ms while there is something and up to every 1.25 s while there is not, one
 * statement each. What this process enqueues for later wakes it at that time.
 */
@Injectable()
export class DueWorkService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private readonly wake = new EventEmitter();
  private taker: DueWorkTaker | undefined;
  private timers: ((rows: readonly DueRow[]) => Promise<void>) | undefined;
  private looking: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly repository: DueWorkRepository,
    private readonly store: RunStoreService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Who dispatches ready node runs. */
  onReady(taker: DueWorkTaker): void {
    this.taker = taker;
  }

  /** Who handles timers. */
  onTimers(handler: (rows: readonly DueRow[]) => Promise<void>): void {
    this.timers = handler;
  }

  onApplicationBootstrap(): void {
    this.store.onCommitted(({ changes, now }) => {
      for (const { run_after } of changes.ready.added.values()) this.wakeAt(run_after, now);
      for (const { due_at } of changes.timers.added.values()) this.wakeAt(due_at, now);
    });
    this.looking = this.look();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.looking;
  }

  tickets(keys: readonly NodeRunKey[]): Promise<DispatchTicket[]> {
    return keys.length === 0 ? Promise.resolve([]) : this.repository.findTickets(this.database, keys, new Date());
  }

  /** Only what is due before the next look would come anyway needs a wake-up. */
  private wakeAt(at: Date, now: Date): void {
    const delay = at.getTime() - now.getTime();
    if (delay > 0 && delay < LOOK_MAX_MS) setTimeout(() => this.wake.emit('due'), delay + 1).unref();
  }

  private async look(): Promise<void> {
    let pause = LOOK_MIN_MS;
    while (!this.stopping.signal.aborted) {
      const found = await this.takeDue().catch((error: unknown) => {
        this.logger.warn({ err: error }, 'looking for due work failed');
        return 0;
      });
      pause = found > 0 ? LOOK_MIN_MS : Math.min(pause * 2, LOOK_MAX_MS);
      const pausing = new AbortController();
      const signal = AbortSignal.any([this.stopping.signal, pausing.signal]);
      await Promise.race([sleep(pause, undefined, { signal, ref: false }), once(this.wake, 'due', { signal })]).catch(
        () => undefined,
      );
      pausing.abort();
    }
  }

  private async takeDue(): Promise<number> {
    const limit = { ready: this.taker?.room() ?? 0, timers: this.timers === undefined ? 0 : TIMERS_AT_ONCE };
    if (limit.ready === 0 && limit.timers === 0) return 0;
    const due = await this.repository.findDue(this.database, new Date(), limit);
    const ready = due.filter(({ kind }) => kind === 'ready');
    const timers = due.filter(({ kind }) => kind !== 'ready');
    if (ready.length > 0) await this.taker?.ready(ready);
    if (timers.length > 0) await this.timers?.(timers);
    return due.length;
  }
}
