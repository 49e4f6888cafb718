import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOGGER, withLogFields } from '#http';
import type { Logger } from '#http';
import { freshTickets } from '../due-work/dispatch-ticket.js';
import type { DispatchTicket } from '../due-work/dispatch-ticket.js';
import { DueWorkService } from '../due-work/due-work.service.js';
import { MembershipService } from '../membership/membership.service.js';
import { RunStoreService } from '../run-store/run-store.service.js';
import { DISPATCH_OPTIONS } from './dispatch-options.js';
import type { DispatchOptions } from './dispatch-options.js';
import { NodeRunRunnerService } from './node-run-runner.service.js';
import { Turns } from './turns.js';

/**
 * How many node runs are in this process, running or waiting, in multiples of `concurrency`: what it enqueued itself is taken up to the
 * first, what the look brings up to the second, so that however much is new, what waits longer in the database comes in too.
 */
const ROOM = { forNew: 4, forDue: 5 } as const;

interface Running {
  readonly done: Promise<void>;
  readonly abort: AbortController;
}

/** Of tenants that wait, the look sees the oldest node run first: with less than this, one with many old ones would hide the others. */
const LOOK_AT_LEAST = 32;

/**
 * Runs ready node runs, at most `concurrency` at once, from tenants in turn. What this process enqueued is taken at once; what others
 * left is brought by DueWorkService.
 */
@Injectable()
export class DispatcherService implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly waiting: Turns;
  private readonly running = new Map<string, Running>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly dueWork: DueWorkService,
    private readonly membership: MembershipService,
    private readonly store: RunStoreService,
    private readonly runner: NodeRunRunnerService,
    @Inject(DISPATCH_OPTIONS) private readonly options: DispatchOptions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.waiting = new Turns(options.concurrency * ROOM.forDue);
  }

  onModuleInit(): void {
    if (!this.options.enabled) return;
    this.dueWork.onReady({
      room: () =>
        this.hasRoom(ROOM.forDue) ? Math.max(this.options.concurrency + this.running.size, LOOK_AT_LEAST) : 0,
      ready: async (rows) => this.offer(await this.dueWork.tickets(rows.filter((row) => !this.isKnown(row)))),
    });
    // What was held under the old name is somebody else's now: its calls are given up.
    this.membership.onLoss(() => this.running.forEach(({ abort }) => abort.abort()));
  }

  onApplicationBootstrap(): void {
    this.store.onCommitted((draft) => {
      for (const { node_run_id } of draft.changes.canceledWhileHeld) this.running.get(node_run_id)?.abort.abort();
      if (this.options.enabled && draft.changes.ready.added.size > 0 && this.hasRoom(ROOM.forNew)) {
        this.offer(freshTickets(draft));
      }
    });
  }

  /** Takes nothing more and waits, for the grace period at most, for what is running. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    this.waiting.clear();
    const unfinished = Promise.allSettled([...this.running.values()].map(({ done }) => done));
    const grace = new AbortController();
    await Promise.race([
      unfinished,
      sleep(this.options.graceMs, undefined, { signal: grace.signal }).catch(() => undefined),
    ]);
    grace.abort();
  }

  private hasRoom(times: number): boolean {
    return !this.stopping.signal.aborted && this.running.size + this.waiting.size < this.options.concurrency * times;
  }

  private isKnown({ node_run_id }: Pick<DispatchTicket, 'node_run_id'>): boolean {
    return this.running.has(node_run_id) || this.waiting.has(node_run_id);
  }

  private offer(tickets: readonly DispatchTicket[]): void {
    for (const ticket of tickets) if (!this.running.has(ticket.node_run_id)) this.waiting.add(ticket);
    this.startWaiting();
  }

  private startWaiting(): void {
    while (!this.stopping.signal.aborted && this.running.size < this.options.concurrency) {
      const ticket = this.waiting.next();
      if (ticket === undefined) return;
      const abort = new AbortController();
      const done = this.run(ticket, abort.signal).finally(() => {
        this.running.delete(ticket.node_run_id);
        this.startWaiting();
      });
      this.running.set(ticket.node_run_id, { done, abort });
    }
  }

  private async run(ticket: DispatchTicket, aborted: AbortSignal): Promise<void> {
    const { node_run_id, run_id } = ticket;
    const { owner } = this.membership;
    const leaseOf = () => this.membership.leaseOf(ticket, owner);
    try {
      await withLogFields({ run_id, node_run_id }, () =>
        this.runner.run(ticket, { owner, leaseOf, aborted, stopping: this.stopping.signal }),
      );
    } catch (error) {
      this.logger.error({ err: error, run_id, node_run_id }, 'dispatch failed');
    }
  }
}
