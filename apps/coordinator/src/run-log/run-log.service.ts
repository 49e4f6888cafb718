import { Injectable } from '@nestjs/common';
import { AppError } from '#contract';
import type { EventStreamOptions, RunEvent, RunEventType, RunState } from '#contract';
import { Database } from '#database';
import type { Transaction } from '#database';
import { CommitSignalService } from '../event-streams/commit-signal.service.js';
import { RunEventStreamService } from '../event-streams/run-event-stream.service.js';
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

/** The head and the events of runs: the one place where a run's state moves and its events get their `seq`. */
@Injectable()
export class RunLogService {
  constructor(
    private readonly database: Database,
    private readonly repository: RunLogRepository,
    private readonly commits: CommitSignalService,
    private readonly eventStreams: RunEventStreamService,
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
    tx.afterCommit(() => this.commits.announce(run.run_id, head.last_seq));
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
    tx.afterCommit(() => this.commits.announce(head.run_id, next.last_seq));
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

  /** @throws AppError run_not_found */
  stream(runId: string, options: EventStreamOptions, signal: AbortSignal): Promise<AsyncIterable<RunEvent>> {
    return this.eventStreams.ofRun(runId, options, signal);
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

function runNotFound(runId: string): AppError {
  return new AppError('run_not_found', { message: `There is no run ${runId}.`, details: { run_id: runId } });
}
