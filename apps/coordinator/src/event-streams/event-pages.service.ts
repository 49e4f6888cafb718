import { Injectable } from '@nestjs/common';
import type { RunEvent } from '#contract';
import { Database } from '#database';
import { EventStreamsRepository } from './event-streams.repository.js';
import type { RunHead } from './event-streams.repository.js';
import { presentRunEvent } from './present-run-event.js';

/** Consecutive events of a run. Shared between readers: nobody changes it. */
export interface EventPage {
  readonly events: readonly RunEvent[];
  /** Whether there was no further event when it was read. */
  readonly isLast: boolean;
}

/** A read under way. */
interface Flight {
  readonly asOf: number;
  readonly page: Promise<EventPage>;
}

/** Most events of a page, */
export const PAGE_EVENTS = 200;
/** and most bytes of event data, apart from the last event: what a slow reader holds, whatever the events carry. */
const PAGE_BYTES = 262_144;
/** Clocks of coordinators may differ by this much; events are partitioned by time. */
const CLOCK_SKEW_MS = 86_400_000;

/** Reads pages of events. Readers who want the same page at the same time share one statement. */
@Injectable()
export class EventPagesService {
  private readonly flights = new Map<string, Flight>();

  constructor(
    private readonly database: Database,
    private readonly repository: EventStreamsRepository,
  ) {}

  /**
   * The next page after `cursor`.
   *
   * @param asOf everything up to this `seq` is known to be committed, and will be seen: a read that began before that was known
   * is not shared
   * @param limit at most this many events; at most `PAGE_EVENTS` in any case
   * @throws AppError database_unavailable
   */
  read(run: RunHead, cursor: number, asOf: number, limit = PAGE_EVENTS): Promise<EventPage> {
    const size = Math.min(limit, PAGE_EVENTS);
    const key = `${run.run_id} ${cursor} ${size}`;
    const known = this.flights.get(key);
    if (known !== undefined && known.asOf >= asOf) return known.page;
    const flight: Flight = {
      asOf,
      page: this.find(run, cursor, size).finally(() => {
        if (this.flights.get(key) === flight) this.flights.delete(key);
      }),
    };
    this.flights.set(key, flight);
    return flight.page;
  }

  private async find(run: RunHead, cursor: number, limit: number): Promise<EventPage> {
    const { rows, isLast } = await this.repository.findEvents(this.database, run.bucket, run.run_id, {
      cursor,
      since: new Date(run.created_at.getTime() - CLOCK_SKEW_MS),
      limit,
      bytes: PAGE_BYTES,
    });
    return { events: rows.map((row) => presentRunEvent(run.run_id, row)), isLast };
  }
}
