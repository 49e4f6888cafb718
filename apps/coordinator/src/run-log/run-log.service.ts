import { Injectable } from '@nestjs/common';
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#contract';
import type { EventStreamOptions, RunEvent, RunEventType, RunState } from '#contract';
import { Database } from '#database';
import type { Transaction } from '#database';
import { bucketOfRun } from '../sharding/bucket.js';
import type { RunEventEntity } from './run-event.entity.js';
import { RunLogRepository } from './run-log.repository.js';
import type { StoredRun } from './run-log.repository.js';
import { canRunMove, isRunTerminal } from './run-state.js';
import type { RunEntity, RunRequestEntity } from './run.entity.js';

/** An event before it has its place in the log. */
export interface NewRunEvent {
  readonly type: RunEventType;
  readonly nodeRunId?: string;
  readonly data?: object;
}

/** A run that is about to be stored. */
export type NewRun = Pick<RunEntity, 'run_id' | 'tenant_id' | 'state' | 'root_node_run_id' | 'created_at'> &
  Omit<RunRequestEntity, 'bucket' | 'run_id'>;

const PAGE = 500;
/** Other coordinators' commits are noticed by looking; our own are announced in the process. */
const LOOK_EVERY_MS = 500;
const CLOCK_SKEW_MS = 86_400_000;

/** The head and the events of runs: the one place where a run's state moves and its events get their `seq`. */
@Injectable()
export class RunLogService {
  private readonly commits = new EventEmitter().setMaxListeners(0);

  constructor(
    private readonly database: Database,
    private readonly repository: RunLogRepository,
  ) {}

  /**
   * Stores a new run with its first events.
   *
   * @returns the run as stored; undefined when the id is taken, then nothing was written
   */
  async open(tx: Transaction, run: NewRun, events: readonly NewRunEvent[]): Promise<StoredRun | undefined> {
    const bucket = bucketOfRun(run.run_id);
    const head: RunEntity = {
      bucket,
      run_id: run.run_id,
      tenant_id: run.tenant_id,
      state: run.state,
      root_node_run_id: run.root_node_run_id,
      last_seq: events.length,
      created_at: run.created_at,
      started_at: null,
      ended_at: isRunTerminal(run.state) ? run.created_at : null,
    };
    if (!(await this.repository.insertRun(tx, head))) return undefined;
    const { request_hash, run_context, constraints, metadata, extensions } = run;
    await this.repository.insertRequest(tx, {
      bucket,
      run_id: run.run_id,
      request_hash,
      run_context,
      constraints,
      metadata,
      extensions,
    });
    await this.repository.insertEvents(tx, bucket, run.run_id, place(head, 0, run.created_at, events));
    tx.afterCommit(() => this.commits.emit(run.run_id));
    return { ...head, request_hash, run_context, constraints, extensions };
  }

  /** Locks the head of a run for the rest of the transaction. Always the first lock of a command. */
  async lock(tx: Transaction, runId: string): Promise<RunEntity> {
    const head = await this.repository.lockRun(tx, bucketOfRun(runId), runId);
    if (head === undefined) throw runNotFound(runId);
    return head;
  }

  /**
   * Appends events to a locked run and, when `to` is given, moves its state in the same statement.
   * A move that the state machine forbids is a defect of the caller: it throws and the transaction is undone.
   *
   * @returns the head as it now is
   */
  async append(tx: Transaction, head: RunEntity, events: readonly NewRunEvent[], to?: RunState): Promise<RunEntity> {
    const now = new Date();
    const next = { ...head, last_seq: head.last_seq + events.length };
    if (events.length > 0) {
      await this.repository.insertEvents(tx, head.bucket, head.run_id, place(head, head.last_seq, now, events));
    }
    if (to === undefined || to === head.state) {
      await this.repository.setLastSeq(tx, head.bucket, head.run_id, next.last_seq);
    } else {
      if (!canRunMove(head.state, to)) throw new Error(`a run cannot go from ${head.state} to ${to}`);
      next.state = to;
      if (to === 'running') next.started_at = now;
      if (isRunTerminal(to)) next.ended_at = now;
      if (!(await this.repository.moveRun(tx, next, to))) {
        throw new Error(`run ${head.run_id} is not in the state that its lock showed`);
      }
    }
    tx.afterCommit(() => this.commits.emit(head.run_id));
    return next;
  }

  /** @throws AppError run_not_found */
  async get(runId: string): Promise<StoredRun> {
    const run = await this.find(runId);
    if (run === undefined) throw runNotFound(runId);
    return run;
  }

  async find(runId: string): Promise<StoredRun | undefined> {
    return this.repository.findRun(this.database, bucketOfRun(runId), runId);
  }

  /**
   * The events of a run in order. With `follow` it stays open until `run_completed` was delivered or `signal` fires, and reads in
   * pages outside any transaction, so that a slow reader holds nothing.
   */
  stream(run: StoredRun, options: EventStreamOptions, signal: AbortSignal): AsyncIterable<RunEvent> {
    return this.read(run, options, signal);
  }

  private async *read(run: StoredRun, options: EventStreamOptions, signal: AbortSignal): AsyncGenerator<RunEvent> {
    const since = new Date(run.created_at.getTime() - CLOCK_SKEW_MS);
    let cursor = options.cursor ?? 0;
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    while (left > 0 && !signal.aborted) {
      // Listening before reading: a commit between the two is not missed.
      const stop = new AbortController();
      const committed =
        options.follow === true ? this.nextCommit(run.run_id, AbortSignal.any([signal, stop.signal])) : undefined;
      try {
        const page = await this.repository.findEvents(this.database, run.bucket, run.run_id, {
          cursor,
          since,
          limit: Math.min(PAGE, left),
        });
        for (const row of page) {
          if (signal.aborted) return;
          yield presentRunEvent(row);
          cursor = row.seq;
          left -= 1;
          if (row.type === 'run_completed') return;
        }
        if (page.length === PAGE) continue;
        if (committed === undefined || (await this.isComplete(run, cursor))) return;
        await committed;
      } finally {
        stop.abort();
      }
    }
  }

  /** A follower whose cursor is at or past the end of a finished run has nothing to wait for. */
  private async isComplete(run: StoredRun, cursor: number): Promise<boolean> {
    const now = await this.find(run.run_id);
    return now === undefined || (isRunTerminal(now.state) && cursor >= now.last_seq);
  }

  private async nextCommit(runId: string, signal: AbortSignal): Promise<void> {
    await Promise.race([once(this.commits, runId, { signal }), sleep(LOOK_EVERY_MS, undefined, { signal })]).catch(
      () => undefined,
    );
  }
}

function place(head: RunEntity, after: number, time: Date, events: readonly NewRunEvent[]): RunEventEntity[] {
  return events.map((event, index) => ({
    bucket: head.bucket,
    run_id: head.run_id,
    seq: after + index + 1,
    time,
    type: event.type,
    node_run_id: event.nodeRunId ?? null,
    data: event.data ?? null,
  }));
}

export function presentRunEvent(row: RunEventEntity): RunEvent {
  return {
    run_id: row.run_id,
    seq: row.seq,
    type: row.type,
    time: row.time.toISOString(),
    ...(row.node_run_id === null ? {} : { node_run_id: row.node_run_id }),
    ...(row.data === null ? {} : { data: row.data as Record<string, unknown> }),
  };
}

function runNotFound(runId: string): AppError {
  return new AppError('run_not_found', { message: `There is no run ${runId}.`, details: { run_id: runId } });
}
