import type { Database } from '#database';
import { EventPagesService } from './event-pages.service.js';
import { RecentEventsService } from './recent-events.service.js';
import type { EventRange, EventRow, EventRows, EventStreamsRepository, RunHead } from './event-streams.repository.js';

const RUN: RunHead = { bucket: 7, run_id: 'a', created_at: new Date(), last_seq: 1, ended: false, owner: null };
const run = (runId: string): RunHead => ({ ...RUN, run_id: runId });
const row = (seq: number): EventRow => ({
  seq,
  time: new Date(),
  type: 'node_evaluated',
  node_run_id: null,
  data: null,
});
const found = (...seqs: number[]): EventRows => ({ rows: seqs.map(row), isLast: true });

/** The service over statements that are answered, or fail, one by one. */
function pages() {
  const statements: {
    ranges: readonly EventRange[];
    answer: (...pages: EventRows[]) => void;
    fail: (error: Error) => void;
  }[] = [];
  const repository: Pick<EventStreamsRepository, 'findEvents'> = {
    findEvents: (_db, ranges) =>
      new Promise((settle, fail) => {
        statements.push({ ranges, answer: (...answers) => settle(answers), fail });
      }),
  };
  return {
    statements,
    service: new EventPagesService(
      undefined as unknown as Database,
      repository as EventStreamsRepository,
      new RecentEventsService(),
    ),
  };
}

describe('EventPagesService', () => {
  it('reads once for all who want the same page at the same time', async () => {
    const { service, statements } = pages();
    const waiting = Array.from({ length: 100 }, () => service.read(RUN, 1, 2));
    expect(statements).toHaveLength(1);
    statements[0]?.answer(found(2));
    expect(new Set(await Promise.all(waiting)).size).toBe(1);
    void service.read(RUN, 1, 2);
    expect(statements).toHaveLength(2);
  });

  it('does not share a read that was sent before the commit that is to be seen', async () => {
    const { service, statements } = pages();
    const [before, after, alike] = [service.read(RUN, 1, 1), service.read(RUN, 1, 2), service.read(RUN, 1, 2)];
    expect(statements).toHaveLength(2);
    statements[0]?.answer(found());
    statements[1]?.answer(found(2));
    expect((await before).events).toEqual([]);
    expect((await after).events.map(({ seq }) => seq)).toEqual([2]);
    expect(await alike).toBe(await after);
  });

  it('gathers what is asked for while two statements are under way, and shares what is not sent yet', async () => {
    const { service, statements } = pages();
    void service.read(run('a'), 0, 1);
    void service.read(run('b'), 0, 1);
    const gathered = ['c', 'd', 'e'].map((runId, index) => service.read(run(runId), index, 1, 5 + index));
    expect(service.read(run('c'), 0, 9, 5)).toBe(gathered[0]);
    expect(statements.map(({ ranges }) => ranges.length)).toEqual([1, 1]);
    statements[1]?.answer(found());
    await new Promise((settle) => setImmediate(settle));
    expect(statements[2]?.ranges.map(({ run_id, cursor, limit }) => [run_id, cursor, limit])).toEqual([
      ['c', 0, 5],
      ['d', 1, 6],
      ['e', 2, 7],
    ]);
    statements[2]?.answer(found(1), found(), found(3, 4));
    expect((await Promise.all(gathered)).map(({ events }) => events.map(({ run_id, seq }) => [run_id, seq]))).toEqual([
      [['c', 1]],
      [],
      [
        ['e', 3],
        ['e', 4],
      ],
    ]);
  });

  it('never asks for more than 50 pages in a statement, nor for more than 200 events of a page', async () => {
    const { service, statements } = pages();
    for (let index = 0; index < 120; index += 1) void service.read(run(`run_${index}`), 0, 0, 1_000);
    for (let next = 0; next < 5; next += 1) {
      statements[next]?.answer();
      await new Promise((settle) => setImmediate(settle));
    }
    expect(statements.map(({ ranges }) => ranges.length)).toEqual([1, 1, 50, 50, 18]);
    expect(new Set(statements.flatMap(({ ranges }) => ranges.map(({ limit }) => limit)))).toEqual(new Set([200]));
  });

  it('fails all who share a statement, and reads anew for the next', async () => {
    const { service, statements } = pages();
    const failing = [service.read(RUN, 1, 1), service.read(RUN, 1, 1)];
    statements[0]?.fail(new Error('away'));
    for (const page of failing) await expect(page).rejects.toThrow('away');
    const next = service.read(RUN, 1, 1);
    statements[1]?.answer(found(2));
    expect((await next).events).toHaveLength(1);
  });
});
