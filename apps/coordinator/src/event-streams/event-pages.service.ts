import { Injectable } from '@nestjs/common';
import type { RunEvent } from '#contract';
import { Database } from '#database';
import { EventStreamsRepository } from './event-streams.repository.js';
import type { EventRange, RunHead } from './event-streams.repository.js';
import { presentRunEvent } from './present-run-event.js';
import { RecentEventsService } from './recent-events.service.js';

/** Consecutive events of a run. Shared between readers: nobody changes it. */
export interface EventPage {
  readonly events: readonly RunEvent[];
  /** Whether there was no further event when it was read. */
  readonly isLast: boolean;
}

/** A page that is asked for, and everybody who waits for it. */
interface PageRead {
  readonly key: string;
  readonly range: EventRange;
  /** Events up to this `seq` were committed before it was sent. */
  asOf: number;
  isSent: boolean;
  readonly page: Promise<EventPage>;
  readonly settle: (page: EventPage) => void;
  readonly fail: (error: unknown) => void;
}

/** Most events of a page, */
export const PAGE_EVENTS = 200;
/** and most bytes of event data, apart from the last event: what a slow reader holds, whatever the events carry. */
const PAGE_BYTES = 262_144;
/** Most pages of one statement, */
const PAGES_A_STATEMENT = 50;
/** and most statements at a time: streams leave the other connections to commands. */
const STATEMENTS_AT_ONCE = 2;
/** Clocks of coordinators may differ by this much; events are partitioned by time. */
const CLOCK_SKEW_MS = 86_400_000;

/**
 * Reads pages of events, from memory what this process has just written. Readers who want the same page at the same time share it, and different pages share a statement: while
 * one is under way the next gathers what is asked for, without a timer, so a lonely reader waits for nobody.
 */
@Injectable()
export class EventPagesService {
  private readonly reads = new Map<string, PageRead>();
  private readonly queue: PageRead[] = [];
  private statements = 0;

  constructor(
    private readonly database: Database,
    private readonly repository: EventStreamsRepository,
    private readonly recent: RecentEventsService,
  ) {}

  /**
   * The next page after `cursor`.
   *
   * @param asOf everything up to this `seq` is known to be committed, and will be seen: a read that was sent before that was
   * known is not shared
   * @param limit at most this many events; at most `PAGE_EVENTS` in any case
   * @throws AppError database_unavailable
   */
  read(run: RunHead, cursor: number, asOf: number, limit = PAGE_EVENTS): Promise<EventPage> {
    const most = Math.min(limit, PAGE_EVENTS);
    const recent = this.recent.page(run.run_id, cursor, asOf, most);
    if (recent !== undefined) return Promise.resolve(recent);
    const key = `${run.run_id} ${cursor} ${most}`;
    const known = this.reads.get(key);
    if (known !== undefined && (!known.isSent || known.asOf >= asOf)) {
      known.asOf = Math.max(known.asOf, asOf);
      return known.page;
    }
    const since = new Date(run.created_at.getTime() - CLOCK_SKEW_MS);
    const read = newRead(key, { bucket: run.bucket, run_id: run.run_id, cursor, since, limit: most }, asOf);
    this.reads.set(key, read);
    this.queue.push(read);
    if (this.statements < STATEMENTS_AT_ONCE) void this.send();
    return read.page;
  }

  /** Sends what has gathered, and then what has gathered meanwhile. Never rejects. */
  private async send(): Promise<void> {
    this.statements += 1;
    for (let batch = this.take(); batch.length > 0; batch = this.take()) {
      try {
        const found = await this.repository.findEvents(
          this.database,
          batch.map(({ range }) => range),
          PAGE_BYTES,
        );
        batch.forEach(({ range, settle }, index) => {
          const { rows, isLast } = found[index] ?? { rows: [], isLast: true };
          settle({ events: rows.map((row) => presentRunEvent(range.run_id, row)), isLast });
        });
      } catch (error) {
        for (const { fail } of batch) fail(error);
      }
      for (const read of batch) if (this.reads.get(read.key) === read) this.reads.delete(read.key);
    }
    this.statements -= 1;
  }

  private take(): PageRead[] {
    const batch = this.queue.splice(0, PAGES_A_STATEMENT);
    for (const read of batch) read.isSent = true;
    return batch;
  }
}

function newRead(key: string, range: EventRange, asOf: number): PageRead {
  let settle: PageRead['settle'] = () => undefined;
  let fail: PageRead['fail'] = () => undefined;
  const page = new Promise<EventPage>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  return { key, range, asOf, isSent: false, page, settle, fail };
}
