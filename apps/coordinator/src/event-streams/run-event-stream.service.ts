import { Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { mayReach } from '#auth';
import { AppError } from '#contract';
import type { EventStreamOptions, RequestContext, RunEvent } from '#contract';
import { Database } from '#database';
import { bucketOfNodeRun, bucketOfRun } from '../sharding/bucket.js';
import { CommitSignalService } from './commit-signal.service.js';
import { EventPagesService } from './event-pages.service.js';
import type { EventPage } from './event-pages.service.js';
import { EventStreamsRepository } from './event-streams.repository.js';
import type { NodeRunHead, RunHead } from './event-streams.repository.js';
import { NodeRunLineage } from './node-run-lineage.js';
import { RecentEventsService } from './recent-events.service.js';

/** How long a follower waits before it asks a database again that is away; spread, so that they do not all ask at once. */
const RETRY_AFTER_MS = { least: 250, spread: 250 } as const;

/**
 * Streams of run events. Each reader pulls pages of its own accord, outside any transaction: a slow one holds one page. A
 * follower waits for a signal of a commit and asks the database for nothing until then.
 */
@Injectable()
export class RunEventStreamService {
  constructor(
    private readonly database: Database,
    private readonly repository: EventStreamsRepository,
    private readonly pages: EventPagesService,
    private readonly commits: CommitSignalService,
    private readonly recent: RecentEventsService,
  ) {}

  /**
   * The events of a run.
   *
   * @throws AppError run_not_found, database_unavailable, before the first event
   */
  async ofRun(
    { principal, signal }: RequestContext,
    runId: string,
    options: EventStreamOptions,
  ): Promise<AsyncIterable<RunEvent>> {
    // Who follows hears of what others committed; who does not must see it now.
    const known = options.follow === true ? this.recent.head(runId) : undefined;
    const head = known ?? (await this.repository.findHead(this.database, bucketOfRun(runId), runId));
    if (head === undefined || !mayReach(principal, { owner: head.owner, runId })) {
      throw new AppError('run_not_found', { message: `There is no run ${runId}.`, details: { run_id: runId } });
    }
    return this.stream(head, options, signal);
  }

  /**
   * The events of a node run and of those below it, with the `seq` they have in their run.
   *
   * @throws AppError node_run_not_found, database_unavailable, before the first event
   */
  async ofNodeRun(
    { principal, signal }: RequestContext,
    nodeRunId: string,
    options: EventStreamOptions,
  ): Promise<AsyncIterable<RunEvent>> {
    const bucket = bucketOfNodeRun(nodeRunId);
    const head =
      bucket === undefined ? undefined : await this.repository.findHeadOfNodeRun(this.database, bucket, nodeRunId);
    if (head === undefined || !mayReach(principal, { owner: head.owner, runId: head.run_id })) {
      throw new AppError('node_run_not_found', {
        message: `There is no node run ${nodeRunId}.`,
        details: { node_run_id: nodeRunId },
      });
    }
    return this.streamWithin(head, nodeRunId, options, signal);
  }

  /**
   * The events of a run in the order of `seq`, from after `cursor`, at most `limit`. With `follow` the stream stays open until
   * `run_completed` was delivered, nothing can follow any more, or `signal` fires; it outlasts a database that is away for a while.
   *
   * @param head the head of the run, read a moment ago: what it says is committed is delivered
   */
  async *stream(head: RunHead, options: EventStreamOptions, signal: AbortSignal): AsyncGenerator<RunEvent> {
    yield* upTo(this.eventPages(head, options, signal, options.limit), options.limit, signal);
  }

  private async *streamWithin(
    head: NodeRunHead,
    nodeRunId: string,
    options: EventStreamOptions,
    signal: AbortSignal,
  ): AsyncGenerator<RunEvent> {
    // All node runs of a run are below its root.
    const belonging =
      head.parent_node_run_id === null
        ? async (page: readonly RunEvent[]) => page.filter(({ node_run_id }) => node_run_id !== undefined)
        : this.lineageOf(head, nodeRunId, options, signal);
    yield* upTo(mapped(this.eventPages(head, options, signal), belonging), options.limit, signal);
  }

  private lineageOf(head: NodeRunHead, nodeRunId: string, options: EventStreamOptions, signal: AbortSignal) {
    const lineage = new NodeRunLineage(nodeRunId, (ids) =>
      this.persistently(options, signal, () => this.repository.findWithin(this.database, head.bucket, ids, nodeRunId)),
    );
    return (page: readonly RunEvent[]) => lineage.select(page);
  }

  private async *eventPages(
    head: RunHead,
    options: EventStreamOptions,
    signal: AbortSignal,
    limit?: number,
  ): AsyncGenerator<readonly RunEvent[]> {
    const followed = options.follow === true ? this.commits.follow(head) : undefined;
    try {
      let cursor = options.cursor ?? 0;
      while (!signal.aborted) {
        const { lastSeq, ended } = followed ?? { lastSeq: head.last_seq, ended: head.ended };
        const page: EventPage = await this.persistently(options, signal, () =>
          this.pages.read(head, cursor, lastSeq, limit),
        );
        yield page.events;
        const last = page.events.at(-1);
        if (last?.type === 'run_completed') return;
        cursor = last?.seq ?? cursor;
        if (!page.isLast) continue;
        if (followed === undefined || ended) return;
        // What was committed when the page was asked for was read, or is gone with its partition: wait for what comes after.
        cursor = Math.max(cursor, lastSeq);
        await followed.waitBeyond(cursor, signal);
      }
    } finally {
      followed?.release();
    }
  }

  /** Reads; for a follower again and again while the database is away. */
  private async persistently<T>(
    { follow }: EventStreamOptions,
    signal: AbortSignal,
    read: () => Promise<T>,
  ): Promise<T> {
    for (;;) {
      try {
        return await read();
      } catch (error) {
        const isAway = error instanceof AppError && error.code === 'database_unavailable';
        if (follow !== true || !isAway) throw error;
        await sleep(RETRY_AFTER_MS.least + Math.random() * RETRY_AFTER_MS.spread, undefined, { signal });
      }
    }
  }
}

/** The events of the pages one by one, at most `limit`. When `signal` fires they end, also where a read fails with it. */
async function* upTo(
  pages: AsyncIterable<readonly RunEvent[]>,
  limit = Number.POSITIVE_INFINITY,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  let left = limit;
  try {
    for await (const page of pages) {
      for (const event of page) {
        if (signal.aborted) return;
        yield event;
        left -= 1;
        if (left <= 0) return;
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function* mapped<T>(source: AsyncIterable<T>, change: (item: T) => Promise<T>): AsyncGenerator<T> {
  for await (const item of source) yield await change(item);
}
