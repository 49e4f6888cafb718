import { Injectable } from '@nestjs/common';
import type { RunEvent } from '#contract';
import type { RunDraft } from '../lifecycle/run-draft.js';
import type { RunHead } from './event-streams.repository.js';
import { presentRunEvent } from './present-run-event.js';

interface RecentRun {
  head: RunHead;
  /** Without gaps, up to `head.last_seq`. */
  events: RunEvent[];
  bytes: number;
}

/** Consecutive events of a run, as a page of the database would have them. */
interface RecentPage {
  readonly events: readonly RunEvent[];
  readonly isLast: boolean;
}

/** Most bytes of event data of all runs, */
const MAX_BYTES = 16_777_216;
/** of one run, */
const MAX_BYTES_OF_RUN = 65_536;
/** and most events of one run. What is older is read from the database. */
const MAX_EVENTS_OF_RUN = 200;
/** What an event costs beside its data. */
const EVENT_BYTES = 200;

/**
 * The newest events of the runs that this process committed last. Who follows such a run need not read what this process has just
 * written. What is here is committed and never changes; it may be less than there is, when another coordinator writes too.
 */
@Injectable()
export class RecentEventsService {
  /** The run that was committed last is at the end. */
  private readonly runs = new Map<string, RecentRun>();
  private bytes = 0;

  /** Takes in what a commit wrote. */
  keep(draft: RunDraft): void {
    const rows = draft.changes.events;
    const [first] = rows;
    if (first === undefined) return;
    const { runId, bucket, head } = draft;
    const known = this.forget(runId);
    const isContinued = known !== undefined && known.head.last_seq + 1 === first.seq;
    const run: RecentRun = {
      head: {
        bucket,
        run_id: runId,
        created_at: head.created_at,
        last_seq: head.last_seq,
        ended: head.ended_at !== null,
        owner: head.owner,
      },
      events: isContinued ? known.events : [],
      bytes: isContinued ? known.bytes : 0,
    };
    for (const row of rows) {
      run.events.push(presentRunEvent(runId, row));
      run.bytes += sizeOf(row.data);
    }
    if (run.events.length > MAX_EVENTS_OF_RUN || run.bytes > MAX_BYTES_OF_RUN) return;
    this.runs.set(runId, run);
    this.bytes += run.bytes;
    for (const [oldest] of this.runs) {
      if (this.bytes <= MAX_BYTES) return;
      this.forget(oldest);
    }
  }

  /** The head as this process knows it; others may have moved it. */
  head(runId: string): RunHead | undefined {
    return this.runs.get(runId)?.head;
  }

  /** @returns undefined when not all of it is here: the events after `cursor`, and everything up to `asOf` */
  page(runId: string, cursor: number, asOf: number, limit: number): RecentPage | undefined {
    const run = this.runs.get(runId);
    const first = run?.events[0];
    if (run === undefined || first === undefined || first.seq > cursor + 1 || run.head.last_seq < asOf) {
      return undefined;
    }
    const from = cursor + 1 - first.seq;
    const events = run.events.slice(from, from + limit);
    return { events, isLast: from + events.length >= run.events.length };
  }

  private forget(runId: string): RecentRun | undefined {
    const known = this.runs.get(runId);
    if (known === undefined) return undefined;
    this.runs.delete(runId);
    this.bytes -= known.bytes;
    return known;
  }
}

function sizeOf(data: object | null): number {
  return EVENT_BYTES + (data === null ? 0 : JSON.stringify(data).length);
}
