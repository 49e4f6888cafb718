import type { Database } from '#database';
import { EventPagesService } from './event-pages.service.js';
import type { EventRange, EventRow, EventStreamsRepository, RunHead } from './event-streams.repository.js';

const RUN: RunHead = { bucket: 7, run_id: 'a', created_at: new Date(), last_seq: 1, ended: false };
const row = (seq: number): EventRow => ({
  seq,
  time: new Date(),
  type: 'node_evaluated',
  node_run_id: null,
  data: null,
});

/** The service over reads that are answered, or fail, one by one. */
function pages() {
  const reads: { range: EventRange; answer: (rows: EventRow[]) => void; fail: (error: Error) => void }[] = [];
  const repository: Pick<EventStreamsRepository, 'findEvents'> = {
    findEvents: (_db, _bucket, _runId, range) =>
      new Promise((settle, fail) => {
        reads.push({ range, answer: (rows) => settle({ rows, isLast: true }), fail });
      }),
  };
  return {
    reads,
    service: new EventPagesService(undefined as unknown as Database, repository as EventStreamsRepository),
  };
}

describe('EventPagesService', () => {
  it('reads once for all who want the same page at the same time', async () => {
    const { service, reads } = pages();
    const waiting = Array.from({ length: 100 }, () => service.read(RUN, 1, 2));
    expect(reads).toHaveLength(1);
    reads[0]?.answer([row(2)]);
    expect(new Set(await Promise.all(waiting)).size).toBe(1);
    void service.read(RUN, 1, 2);
    expect(reads).toHaveLength(2);
  });

  it('does not share a read that began before the commit that is to be seen', async () => {
    const { service, reads } = pages();
    const [before, after, alike] = [service.read(RUN, 1, 1), service.read(RUN, 1, 2), service.read(RUN, 1, 2)];
    expect(reads).toHaveLength(2);
    reads[0]?.answer([]);
    reads[1]?.answer([row(2)]);
    expect((await before).events).toEqual([]);
    expect((await after).events.map(({ seq }) => seq)).toEqual([2]);
    expect(await alike).toBe(await after);
  });

  it('does not share between cursors, runs and limits', () => {
    const { service, reads } = pages();
    void service.read(RUN, 1, 1);
    void service.read(RUN, 2, 1);
    void service.read({ ...RUN, run_id: 'b' }, 1, 1);
    void service.read(RUN, 1, 1, 5);
    expect(reads.map(({ range }) => [range.cursor, range.limit])).toEqual([
      [1, 200],
      [2, 200],
      [1, 200],
      [1, 5],
    ]);
  });

  it('fails all who share a read, and reads anew for the next', async () => {
    const { service, reads } = pages();
    const failing = [service.read(RUN, 1, 1), service.read(RUN, 1, 1)];
    reads[0]?.fail(new Error('away'));
    for (const page of failing) await expect(page).rejects.toThrow('away');
    const next = service.read(RUN, 1, 1);
    reads[1]?.answer([row(2)]);
    expect((await next).events).toHaveLength(1);
  });
});
