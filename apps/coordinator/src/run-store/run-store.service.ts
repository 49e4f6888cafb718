import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '#contract';
import {
  Database,
  isDatabaseUnavailable,
  isRetryableConflict,
  isUniqueViolation,
  tookTooLong,
  translatePostgresError,
  UnsentError,
} from '#database';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { RunDraft } from '../lifecycle/run-draft.js';
import { bucketOfRun } from '../sharding/bucket.js';
import { groupReads, loadedRuns } from './group-plan.js';
import type { RunCommand } from './run-command.js';
import { RUN_STORE_OPTIONS } from './run-store-options.js';
import type { RunStoreOptions } from './run-store-options.js';
import { RunWritesRepository } from './run-writes.repository.js';

interface Pending {
  readonly command: RunCommand<unknown>;
  readonly settle: (result: unknown) => void;
  readonly fail: (error: unknown) => void;
}

/** What came of one command of a group. */
interface Answer {
  readonly pending: Pending;
  readonly error?: unknown;
  readonly result?: unknown;
}

/** Groups written at the same time. More of them make smaller groups. */
const LANES = 2;
const MAX_GROUP = 128;
const MAX_ATTEMPTS = 4;

/**
 * Carries out commands on runs, many in one transaction (group commit): a caller is answered only after the commit that holds its
 * rows. A lane starts as soon as it is free, without a timer, so a lonely caller waits for nobody. Commands on one run come one
 * after another. What one command does wrong fails that command alone: a rule that throws is answered with its error, and a group
 * that Postgres refuses is tried again command by command.
 */
@Injectable()
export class RunStoreService {
  private queue: Pending[] = [];
  private readonly busyRuns = new Set<string>();
  private readonly listeners: ((draft: RunDraft) => void)[] = [];
  private busyLanes = 0;
  private isPumping = false;

  constructor(
    private readonly database: Database,
    private readonly writes: RunWritesRepository,
    @Inject(RUN_STORE_OPTIONS) private readonly options: RunStoreOptions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Hears of every run that was changed, after the commit. */
  onCommitted(listener: (draft: RunDraft) => void): void {
    this.listeners.push(listener);
  }

  /**
   * @returns what the rule returned, after the commit
   * @throws AppError what the rule threw; overloaded; database_unavailable (then the command may have been carried out or not)
   */
  execute<Result>(command: RunCommand<Result>): Promise<Result> {
    if (this.queue.length >= this.options.maxQueued) {
      return Promise.reject(
        new AppError('overloaded', { message: `${this.queue.length} commands are waiting for the database.` }),
      );
    }
    return new Promise<Result>((settle, fail) => {
      this.queue.push({ command, settle: settle as (result: unknown) => void, fail });
      if (this.isPumping) return;
      this.isPumping = true;
      // What arrives in the same turn goes into the same group.
      setImmediate(() => this.pump());
    });
  }

  private pump(): void {
    this.isPumping = false;
    while (this.busyLanes < LANES) {
      const group = this.nextGroup();
      if (group.length === 0) return;
      this.busyLanes += 1;
      const runs = new Set(group.map(({ command }) => command.runId));
      for (const run of runs) this.busyRuns.add(run);
      void this.carryOut(group).finally(() => {
        for (const run of runs) this.busyRuns.delete(run);
        this.busyLanes -= 1;
        this.pump();
      });
    }
  }

  /** The commands that waited longest, of runs that no other lane works on. */
  private nextGroup(): Pending[] {
    const group: Pending[] = [];
    const left: Pending[] = [];
    let looked = 0;
    for (const pending of this.queue) {
      if (group.length >= MAX_GROUP) break;
      looked += 1;
      (this.busyRuns.has(pending.command.runId) ? left : group).push(pending);
    }
    this.queue = [...left, ...this.queue.slice(looked)];
    return group;
  }

  private async carryOut(group: readonly Pending[]): Promise<void> {
    const error = await this.tryTo(group);
    if (error === undefined) return;
    const [alone] = group;
    if (group.length === 1 && alone !== undefined) return this.insist(alone, error);
    // The connection, or the server, was gone: every command of the group has the same fate. One that waits for a lock in vain, or
    // has too much to write, is one.
    if (isDatabaseUnavailable(error) && !tookTooLong(error)) {
      return group.forEach(({ fail }) => fail(translatePostgresError(error)));
    }
    for (const pending of group) await this.carryOut([pending]);
  }

  /** One command by itself, after a failure: again when that is the right answer to it. */
  private async insist(pending: Pending, first: unknown): Promise<void> {
    let error: unknown = first;
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (!isRetryableConflict(error) && !isUniqueViolation(error)) break;
      error = await this.tryTo([pending]);
      if (error === undefined) return;
    }
    pending.fail(translatePostgresError(error));
  }

  /** @returns the error, undefined when it was committed; a connection that was found dead before anything was sent is replaced once */
  private async tryTo(group: readonly Pending[]): Promise<unknown> {
    const first = await this.commit(group).catch(asError);
    return first instanceof UnsentError && !tookTooLong(first) ? this.commit(group).catch(asError) : first;
  }

  private async commit(group: readonly Pending[]): Promise<undefined> {
    const commands = group.map(({ command }) => command);
    const reads = groupReads(commands, this.writes);
    const drafts = new Map<string, RunDraft>();
    let answers: Answer[] = [];
    await this.database.exchange(
      reads.map(({ statement }) => statement),
      (rows) => {
        const now = new Date();
        for (const [runId, loaded] of loadedRuns(commands, reads, rows)) {
          drafts.set(runId, new RunDraft(bucketOfRun(runId), runId, loaded, now));
        }
        answers = group.map((pending) => answer(pending, drafts));
        return this.writes.write([...drafts.values()], this.options.approvalNotices);
      },
    );
    for (const draft of drafts.values()) this.announce(draft);
    for (const { pending, error, result } of answers) {
      if (error === undefined) pending.settle(result);
      else pending.fail(error);
    }
    return undefined;
  }

  private announce(draft: RunDraft): void {
    if (draft.changes.events.length === 0 && draft.changes.ready.added.size === 0) return;
    for (const listener of this.listeners) {
      try {
        listener(draft);
      } catch (error) {
        // What is committed stays so, whoever fails to hear of it.
        this.logger.error({ err: error, run_id: draft.runId }, 'a listener of commits failed');
      }
    }
  }
}

/** A rule refuses with an AppError, before its first change. Anything else is a defect: nothing of the group is written. */
function answer(pending: Pending, drafts: ReadonlyMap<string, RunDraft>): Answer {
  const { command } = pending;
  const draft = drafts.get(command.runId);
  if (draft === undefined) throw new Error(`run ${command.runId} was not loaded`);
  try {
    return { pending, result: command.decide(draft) };
  } catch (error) {
    if (error instanceof AppError) return { pending, error };
    throw error;
  }
}

function asError(error: unknown): unknown {
  return error ?? new Error('rejected without a reason');
}
