import { Injectable } from '@nestjs/common';
import type { RunState } from '#contract';
import type { Queryable } from '#database';
import type { Bucket } from '../sharding/bucket.js';
import type { RunEventEntity } from './run-event.entity.js';
import { runStatesBefore } from './run-state.js';
import type { RunEntity, RunRequestEntity } from './run.entity.js';

/** A run with what it was started with. */
export type StoredRun = RunEntity &
  Pick<RunRequestEntity, 'request_hash' | 'run_context' | 'constraints' | 'extensions'>;

/** Every statement on `runs`, `run_requests` and `run_events`. */
@Injectable()
export class RunLogRepository {
  /** @returns false when a run with this id exists; then nothing was written */
  async insertRun(tx: Queryable, run: RunEntity): Promise<boolean> {
    const rows = await tx.query(
      `insert into runs (bucket, run_id, tenant_id, state, root_node_run_id, last_seq, created_at, started_at, ended_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       on conflict (bucket, run_id) do nothing
       returning run_id`,
      [
        run.bucket,
        run.run_id,
        run.tenant_id,
        run.state,
        run.root_node_run_id,
        run.last_seq,
        run.created_at,
        run.started_at,
        run.ended_at,
      ],
    );
    return rows.length === 1;
  }

  async insertRequest(tx: Queryable, request: RunRequestEntity): Promise<void> {
    await tx.query(
      `insert into run_requests (bucket, run_id, request_hash, run_context, constraints, metadata, extensions)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        request.bucket,
        request.run_id,
        request.request_hash,
        json(request.run_context),
        json(request.constraints),
        json(request.metadata),
        json(request.extensions),
      ],
    );
  }

  /**
   * Locks the head of a run: whoever changes anything of a run holds this lock first, so commands on one run come one after
   * another and its `seq` has no gaps.
   */
  async lockRun(tx: Queryable, bucket: Bucket, runId: string): Promise<RunEntity | undefined> {
    const rows = await tx.query<RunEntity>(
      `select bucket, run_id, tenant_id, state, root_node_run_id, last_seq, created_at, started_at, ended_at
         from runs
        where bucket = $1 and run_id = $2
          for no key update`,
      [bucket, runId],
    );
    return rows[0];
  }

  async findRun(db: Queryable, bucket: Bucket, runId: string): Promise<StoredRun | undefined> {
    const rows = await db.query<StoredRun>(
      `select r.bucket, r.run_id, r.tenant_id, r.state, r.root_node_run_id, r.last_seq, r.created_at, r.started_at, r.ended_at,
              q.request_hash, q.run_context, q.constraints, q.extensions
         from runs r
         join run_requests q on q.bucket = r.bucket and q.run_id = r.run_id
        where r.bucket = $1 and r.run_id = $2`,
      [bucket, runId],
    );
    return rows[0];
  }

  /** Moves the event counter of a locked run. */
  async setLastSeq(tx: Queryable, bucket: Bucket, runId: string, lastSeq: number): Promise<void> {
    await tx.query(`update runs set last_seq = $3 where bucket = $1 and run_id = $2`, [bucket, runId, lastSeq]);
  }

  /**
   * Moves the event counter and the state of a locked run.
   *
   * @returns false when the state machine forbids the move; then nothing was written
   */
  async moveRun(
    tx: Queryable,
    run: Pick<RunEntity, 'bucket' | 'run_id' | 'last_seq' | 'started_at' | 'ended_at'>,
    to: RunState,
  ): Promise<boolean> {
    const rows = await tx.query(
      `update runs set state = $3, last_seq = $4, started_at = $5, ended_at = $6
        where bucket = $1 and run_id = $2 and state = any($7)
       returning run_id`,
      [run.bucket, run.run_id, to, run.last_seq, run.started_at, run.ended_at, runStatesBefore(to)],
    );
    return rows.length === 1;
  }

  async insertEvents(tx: Queryable, bucket: Bucket, runId: string, events: readonly RunEventEntity[]): Promise<void> {
    await tx.query(
      `insert into run_events (bucket, run_id, seq, time, type, node_run_id, data)
       select $1, $2, e.seq, e.time, e.type, e.node_run_id, e.data
         from unnest($3::int[], $4::timestamptz[], $5::text[], $6::text[], $7::json[]) as e (seq, time, type, node_run_id, data)`,
      [
        bucket,
        runId,
        events.map(({ seq }) => seq),
        events.map(({ time }) => time),
        events.map(({ type }) => type),
        events.map(({ node_run_id }) => node_run_id),
        events.map(({ data }) => json(data)),
      ],
    );
  }
}

function json(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
