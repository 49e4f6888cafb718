import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Database, isLockTimeout } from '#database';
import type { Partition } from '#database';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { DAY_MS, eventDays, overlaps, startOfDay } from './event-days.js';
import type { EventDay } from './event-days.js';
import { RETENTION_OPTIONS } from './retention-options.js';
import type { RetentionOptions } from './retention-options.js';
import { BEGINNING, RetentionRepository } from './retention.repository.js';
import type { Due, DueRun } from './retention.repository.js';

/** What one pass removed. */
export interface Removed {
  readonly runs: number;
  /** Names of dropped partitions. */
  readonly partitions: readonly string[];
}

/** Times of events that are deleted row by row; earlier ones go with their partition. */
interface EventRange {
  readonly from: Date;
  readonly to: Date;
}

const DAYS_AHEAD = 7;
/** Others wait behind a lock that we wait for. */
const LOCK_TIMEOUT_MS = 1_000;
/** Postgres looks through the default partition under a lock when another is attached: not for longer than this. */
const ATTACH_TIMEOUT_MS = 2_000;
const DELETE_TIMEOUT_MS = 8_000;
const LOOK_AT_ONCE = 10_000;
/** An event may carry a time before the creation of its run, by as much as the clocks of two coordinators differ. */
const CLOCK_SKEW_MS = 600_000;

/**
 * Keeps `run_events` in daily partitions, made ahead, and removes runs that ended long ago. Once an hour, outside of every command;
 * of several coordinators one works at a time. What cannot be done now is tried again in the next round.
 */
@Injectable()
export class RetentionService implements OnModuleInit, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private working: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly repository: RetentionRepository,
    @Inject(RETENTION_OPTIONS) private readonly options: RetentionOptions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The partition of today is made before the first event of this process is written. */
  async onModuleInit(): Promise<void> {
    await this.attempt('partitions of run_events were not made', () => this.createPartitions(new Date()));
    this.working = this.work();
  }

  /** Stops after the transaction in progress. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.working;
  }

  /**
   * Makes the partitions of today and the next days that are not there. A day of which the default partition holds events already
   * stays there: Postgres makes no partition for it.
   *
   * @returns the names of those it made
   */
  async createPartitions(now: Date): Promise<string[]> {
    const made: string[] = [];
    const present = await this.repository.findPartitions(this.database);
    for (const day of eventDays(now, DAYS_AHEAD)) {
      if (this.stopping.signal.aborted || present.some((partition) => overlaps(partition, day))) continue;
      if (await this.createPartition(day)) made.push(day.partition);
    }
    return made;
  }

  /**
   * Deletes finished runs that ended `options.days` days ago or earlier, by whole days of their creation, so that the events of a
   * day go with its partition: a run is gone at most two days later. Runs that are open stay, and so does every partition that may
   * hold an event of a run that stays; then the events of the others are deleted with their runs.
   *
   * @returns what it removed, as far as another coordinator was not at it; undefined when runs are kept for ever
   */
  async removeOldRuns(now: Date): Promise<Removed | undefined> {
    if (this.options.days === undefined) return undefined;
    const endedBefore = new Date(now.getTime() - this.options.days * DAY_MS);
    const lastDay = startOfDay(new Date(endedBefore.getTime() - DAY_MS));
    const due: Due = { createdBefore: new Date(lastDay.getTime() + CLOCK_SKEW_MS), endedBefore };

    const staysFrom = (await this.firstStaying(due)) ?? due.createdBefore;
    const dropped = (await this.repository.findPartitions(this.database)).filter(
      ({ to }) => to !== null && to.getTime() + CLOCK_SKEW_MS <= staysFrom.getTime(),
    );
    const eventsFrom = new Date(Math.max(0, ...dropped.map(({ to }) => to?.getTime() ?? 0)));
    // The last event of a run is its end.
    const runs = await this.deleteRuns(due, { from: eventsFrom, to: new Date(endedBefore.getTime() + CLOCK_SKEW_MS) });
    return { runs, partitions: await this.dropPartitions(dropped) };
  }

  private async work(): Promise<void> {
    const { signal } = this.stopping;
    for (let pause = this.options.firstAfterMs; ; pause = this.options.everyMs) {
      await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      await this.attempt('partitions of run_events were not made', () => this.createPartitions(new Date()));
      await this.attempt('old runs were not deleted', async () => {
        const startedAt = performance.now();
        const removed = await this.removeOldRuns(new Date());
        if (removed === undefined || (removed.runs === 0 && removed.partitions.length === 0)) return;
        this.logger.info({ ...removed, ms: Math.round(performance.now() - startedAt) }, 'old runs deleted');
      });
    }
  }

  /** Failing here harms nobody yet: it is logged, and tried again in the next round. */
  private async attempt(complaint: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isLockTimeout(error)) this.logger.debug({ err: error }, `${complaint}: a lock was not had in time`);
      else this.logger.warn({ err: error }, complaint);
    }
  }

  private createPartition(day: EventDay): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      if (!(await this.repository.tryLock(tx, 'partitions'))) return false;
      const present = await this.repository.findPartitions(tx);
      if (present.some((partition) => overlaps(partition, day))) return false;
      await this.repository.setTimeouts(tx, LOCK_TIMEOUT_MS, ATTACH_TIMEOUT_MS);
      if (await this.repository.hasDefaultEvents(tx, day)) {
        this.logger.debug(
          { day: day.from },
          'the default partition of run_events holds events of the day and keeps it',
        );
        return false;
      }
      await this.repository.createPartition(tx, day);
      return true;
    });
  }

  private async firstStaying(due: Due): Promise<Date | undefined> {
    for (let after = BEGINNING; !this.stopping.signal.aborted;) {
      const found = await this.repository.findFirstStaying(this.database, due, after, LOOK_AT_ONCE);
      if (found === undefined) return undefined;
      if (found.stays) return found.createdTime;
      after = found;
    }
    // Stopping: nothing is deleted any more, whatever the answer.
    return undefined;
  }

  private async deleteRuns(due: Due, events: EventRange): Promise<number> {
    const { signal } = this.stopping;
    let deleted = 0;
    for (let after = BEGINNING; !signal.aborted;) {
      const batch = this.withinBudget(await this.repository.findDue(this.database, due, after, this.options.batchRuns));
      const last = batch.at(-1);
      if (last === undefined) break;
      const count = await this.deleteBatch(due, batch, events);
      // Another coordinator is at it.
      if (count === undefined) break;
      deleted += count;
      after = last;
      await sleep(this.options.pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
    return deleted;
  }

  private withinBudget(runs: readonly DueRun[]): readonly DueRun[] {
    let rows = 0;
    const tooMany = runs.findIndex((run, index) => (rows += run.rows) > this.options.batchRows && index > 0);
    return tooMany === -1 ? runs : runs.slice(0, tooMany);
  }

  private deleteBatch(due: Due, batch: readonly DueRun[], events: EventRange): Promise<number | undefined> {
    return this.database.transaction(async (tx) => {
      if (!(await this.repository.tryLock(tx, 'retention'))) return undefined;
      await this.repository.setTimeouts(tx, LOCK_TIMEOUT_MS, DELETE_TIMEOUT_MS);
      await this.repository.findByKey(tx);
      const runs = await this.repository.lockDue(tx, due, batch);
      if (runs.length === 0) return 0;
      await this.repository.deleteEvents(tx, runs, events);
      await this.repository.deleteDocuments(tx, runs);
      await this.repository.deleteRuns(tx, runs);
      return runs.length;
    });
  }

  private async dropPartitions(candidates: readonly Partition[]): Promise<string[]> {
    const dropped: string[] = [];
    for (const { name, to } of candidates) {
      if (to === null || this.stopping.signal.aborted) continue;
      const isDropped = await this.database.transaction(async (tx) => {
        if (!(await this.repository.tryLock(tx, 'partitions'))) return false;
        // A run that a command held a moment ago is still there, and another coordinator may have dropped it meanwhile.
        if (await this.repository.hasRunCreatedBefore(tx, new Date(to.getTime() + CLOCK_SKEW_MS))) return false;
        if (!(await this.repository.findPartitions(tx)).some((partition) => partition.name === name)) return false;
        await this.repository.setTimeouts(tx, LOCK_TIMEOUT_MS, DELETE_TIMEOUT_MS);
        await this.repository.dropPartition(tx, name);
        return true;
      });
      if (isDropped) dropped.push(name);
    }
    return dropped;
  }
}
