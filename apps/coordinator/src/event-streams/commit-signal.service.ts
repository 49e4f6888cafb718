import { Inject, Injectable } from '@nestjs/common';
import { Database } from '#database';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { EventStreamsRepository } from './event-streams.repository.js';
import type { HeadPosition, RunHead } from './event-streams.repository.js';

/** A follower's hold on a run. */
export interface FollowedRun {
  /** `seq` of the last event that is known to be committed. */
  readonly lastSeq: number;
  /** Whether the run is known to have ended; then `lastSeq` is final. */
  readonly ended: boolean;
  /** Resolves when an event after `seq` is committed, when the run has ended, or when `signal` fires. */
  waitBeyond(seq: number, signal: AbortSignal): Promise<void>;
  /** Lets go. The last follower of the last run ends the looking. */
  release(): void;
}

interface WatchedRun {
  readonly bucket: number;
  readonly runId: string;
  lastSeq: number;
  ended: boolean;
  followers: number;
  readonly waiting: Set<() => void>;
}

/** How often to look for commits of other coordinators; a follower learns of one within this time and two statements. */
const LOOK_EVERY_MS = 50;
/** How often while the database is away. */
const LOOK_AWAY_EVERY_MS = 500;
/** Runs in one statement. */
const RUNS_A_LOOK = 5_000;

/**
 * Wakes followers of runs when there is something to read. Commits of this process are announced; those of other coordinators
 * on the same database are found by one watcher that asks for the heads of all followed runs in one statement. Without
 * followers there is no statement. Each run's position only rises, so a signal is never lost and never early.
 */
@Injectable()
export class CommitSignalService {
  private readonly watched = new Map<string, WatchedRun>();
  private timer: NodeJS.Timeout | undefined;
  private isLooking = false;
  private isAway = false;
  private held = 0;

  constructor(
    private readonly database: Database,
    private readonly repository: EventStreamsRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Followers at this moment, for tests and metrics. */
  get followers(): number {
    return this.held;
  }

  /** Says that events of a run up to `lastSeq` are committed. Called after the commit; costs a look-up when nobody follows. */
  announce(runId: string, lastSeq: number): void {
    const run = this.watched.get(runId);
    if (run !== undefined) raise(run, { last_seq: lastSeq, ended: false });
  }

  /** Begins to follow a run whose head was just read. Whoever follows must release. */
  follow(head: RunHead): FollowedRun {
    const run = this.watched.get(head.run_id) ?? newlyWatched(head);
    this.watched.set(head.run_id, run);
    raise(run, head);
    run.followers += 1;
    this.held += 1;
    this.lookAgain(LOOK_EVERY_MS);
    let isHeld = true;
    return {
      get lastSeq() {
        return run.lastSeq;
      },
      get ended() {
        return run.ended;
      },
      waitBeyond: (seq, signal) => waitBeyond(run, seq, signal),
      release: () => {
        if (isHeld) this.release(run);
        isHeld = false;
      },
    };
  }

  private release(run: WatchedRun): void {
    run.followers -= 1;
    this.held -= 1;
    if (run.followers === 0) this.watched.delete(run.runId);
    if (this.watched.size > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private lookAgain(afterMs: number): void {
    if (this.isLooking || this.timer !== undefined || this.watched.size === 0) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.look();
    }, afterMs);
    this.timer.unref();
  }

  private async look(): Promise<void> {
    this.isLooking = true;
    try {
      const open = [...this.watched.values()].filter(({ ended }) => !ended);
      for (let first = 0; first < open.length; first += RUNS_A_LOOK) {
        await this.lookAt(open.slice(first, first + RUNS_A_LOOK));
      }
      if (this.isAway) this.logger.info('followers of event streams hear of commits again');
      this.isAway = false;
    } catch (error) {
      if (!this.isAway) this.logger.warn({ err: error }, 'followers of event streams wait: no look at their runs');
      this.isAway = true;
    } finally {
      this.isLooking = false;
      this.lookAgain(this.isAway ? LOOK_AWAY_EVERY_MS : LOOK_EVERY_MS);
    }
  }

  private async lookAt(runs: readonly WatchedRun[]): Promise<void> {
    const moved = await this.repository.findMovedHeads(
      this.database,
      runs.map(({ bucket, runId, lastSeq }) => ({ bucket, run_id: runId, last_seq: lastSeq })),
    );
    for (const head of moved) {
      const run = this.watched.get(head.run_id);
      if (run !== undefined) raise(run, head);
    }
  }
}

function newlyWatched({ bucket, run_id, last_seq, ended }: RunHead): WatchedRun {
  return { bucket, runId: run_id, lastSeq: last_seq, ended, followers: 0, waiting: new Set() };
}

/** Takes in what is known by now, and wakes those who wait when that is more than before. */
function raise(run: WatchedRun, { last_seq, ended }: Pick<HeadPosition, 'last_seq' | 'ended'>): void {
  const isNews = last_seq > run.lastSeq || (ended && !run.ended);
  run.lastSeq = Math.max(run.lastSeq, last_seq);
  run.ended ||= ended;
  if (isNews) for (const wake of [...run.waiting]) wake();
}

async function waitBeyond(run: WatchedRun, seq: number, signal: AbortSignal): Promise<void> {
  while (run.lastSeq <= seq && !run.ended && !signal.aborted) {
    await new Promise<void>((settle) => {
      const wake = () => {
        run.waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        settle();
      };
      run.waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}
