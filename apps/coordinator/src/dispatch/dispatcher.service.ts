import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOGGER, withLogFields } from '#http';
import type { Logger } from '#http';
import { NodeRunExecutionService } from '../node-runs/node-run-execution.service.js';
import { ReadyQueueService } from '../ready/ready-queue.service.js';
import type { NodeRunRef } from '../ready/ready.repository.js';
import { DISPATCH_OPTIONS } from './dispatch-options.js';
import type { DispatchOptions } from './dispatch-options.js';
import { NodeRunRunnerService } from './node-run-runner.service.js';

const LOOK_MIN_MS = 50;
const LOOK_MAX_MS = 1_000;

/**
 * Takes ready node runs, at most `concurrency` at once, and runs them. What this process enqueued is taken at once; what others
 * left is found by looking, every 50 ms while there is something and up to every second while there is not.
 */
@Injectable()
export class DispatcherService implements OnApplicationBootstrap, OnModuleDestroy {
  /** Names this process in the rows it holds. */
  readonly owner = `coordinator_${randomBytes(6).toString('hex')}`;
  private readonly waiting = new Map<string, NodeRunRef>();
  private readonly running = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();
  private looking: Promise<void> | undefined;

  constructor(
    private readonly ready: ReadyQueueService,
    private readonly execution: NodeRunExecutionService,
    private readonly runner: NodeRunRunnerService,
    @Inject(DISPATCH_OPTIONS) private readonly options: DispatchOptions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.options.enabled) return;
    this.ready.onEnqueued((refs) => this.offer(refs));
    this.looking = this.lookForWork();
  }

  /** Takes nothing more and waits, for the grace period at most, for what is running. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    this.waiting.clear();
    await this.looking;
    const unfinished = Promise.allSettled(this.running.values());
    const grace = new AbortController();
    await Promise.race([
      unfinished,
      sleep(this.options.graceMs, undefined, { signal: grace.signal }).catch(() => undefined),
    ]);
    grace.abort();
  }

  private offer(refs: readonly NodeRunRef[]): void {
    for (const ref of refs) {
      if (this.waiting.size >= this.options.concurrency * 2) break;
      if (!this.running.has(ref.nodeRunId)) this.waiting.set(ref.nodeRunId, ref);
    }
    this.startWaiting();
  }

  private startWaiting(): void {
    for (const [id, ref] of this.waiting) {
      if (this.stopping.signal.aborted || this.running.size >= this.options.concurrency) return;
      this.waiting.delete(id);
      const run = this.run(ref).finally(() => {
        this.running.delete(id);
        this.startWaiting();
      });
      this.running.set(id, run);
    }
  }

  private async run(ref: NodeRunRef): Promise<void> {
    try {
      const held = await this.execution.take(ref, this.owner);
      if (held === undefined) return;
      const { node_run_id, run_id } = held.nodeRun;
      await withLogFields({ run_id, node_run_id }, () => this.runner.run(held, this.stopping.signal));
    } catch (error) {
      this.logger.error({ err: error, node_run_id: ref.nodeRunId }, 'dispatch failed');
    }
  }

  private async lookForWork(): Promise<void> {
    let pause = LOOK_MIN_MS;
    while (!this.stopping.signal.aborted) {
      const room = this.options.concurrency - this.running.size - this.waiting.size;
      if (room > 0) {
        const found = await this.ready.findDue(room).catch((error: unknown) => {
          this.logger.warn({ err: error }, 'looking for ready node runs failed');
          return [];
        });
        this.offer(found);
        pause = found.length > 0 ? LOOK_MIN_MS : Math.min(pause * 2, LOOK_MAX_MS);
      }
      await sleep(pause, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
    }
  }
}
