import { jest } from '@jest/globals';
import { AppError } from '#contract';
import type { Database } from '#database';
import type { Logger } from '#http';
import { CommitSignalService } from './commit-signal.service.js';
import type { EventStreamsRepository, HeadPosition, RunHead } from './event-streams.repository.js';

const head = (runId: string, lastSeq = 1): RunHead => ({
  bucket: 7,
  run_id: runId,
  created_at: new Date(),
  last_seq: lastSeq,
  ended: false,
  owner: null,
});

/** The service over a table of heads that stands for the database. */
function signals() {
  const heads = new Map<string, HeadPosition>();
  const state = { isAway: false, statements: 0, asked: [] as string[] };
  const warn = jest.fn();
  const info = jest.fn();
  const repository: Pick<EventStreamsRepository, 'findMovedHeads'> = {
    findMovedHeads: async (_db, known) => {
      state.statements += 1;
      state.asked = known.map(({ run_id }) => run_id);
      if (state.isAway) throw new AppError('database_unavailable');
      return known.flatMap(({ run_id, last_seq }) => {
        const now = heads.get(run_id);
        return now !== undefined && (now.last_seq > last_seq || now.ended) ? [now] : [];
      });
    },
  };
  const service = new CommitSignalService(
    undefined as unknown as Database,
    repository as EventStreamsRepository,
    { warn, info } as unknown as Logger,
  );
  return { service, heads, state, warn, info };
}

const never = new AbortController().signal;
const soon = (ms: number) => new Promise((settle) => setTimeout(settle, ms));

describe('CommitSignalService', () => {
  it('wakes the followers of a run at its announcement, and nobody else', async () => {
    const { service } = signals();
    const [one, same, other] = [service.follow(head('a')), service.follow(head('a')), service.follow(head('b'))];
    let isOtherAwake = false;
    void other.waitBeyond(1, never).then(() => (isOtherAwake = true));
    const both = Promise.all([one.waitBeyond(1, never), same.waitBeyond(1, never)]);
    service.announce('a', 2);
    await both;
    expect([one.lastSeq, one.ended, isOtherAwake]).toEqual([2, false, false]);
    // What was announced before is not waited for, and a late word about the past changes nothing.
    await one.waitBeyond(1, never);
    service.announce('a', 1);
    expect(one.lastSeq).toBe(2);
    [one, same, other].forEach((followed) => followed.release());
  });

  it('finds what others committed, for all runs in one statement, and the end of a run that is gone or over', async () => {
    const { service, heads, state } = signals();
    const followed = ['a', 'b', 'c'].map((runId) => service.follow(head(runId)));
    heads.set('a', { run_id: 'a', last_seq: 5, ended: false });
    heads.set('b', { run_id: 'b', last_seq: 1, ended: true });
    await Promise.all(followed.slice(0, 2).map((run) => run.waitBeyond(1, never)));
    expect(followed.map(({ lastSeq, ended }) => [lastSeq, ended])).toEqual([
      [5, false],
      [1, true],
      [1, false],
    ]);
    expect(state.statements).toBe(1);
    await soon(120);
    expect(state.asked).toEqual(['a', 'c']);
    followed.forEach((run) => run.release());
  });

  it('asks nothing without followers, however often it is released', async () => {
    const { service, state } = signals();
    service.announce('a', 9);
    const followed = service.follow(head('a'));
    expect(service.followers).toBe(1);
    followed.release();
    followed.release();
    expect(service.followers).toBe(0);
    await soon(120);
    expect(state.statements).toBe(0);
  });

  it('lets go of one who waits when its signal fires', async () => {
    const { service } = signals();
    const followed = service.follow(head('a'));
    const reader = new AbortController();
    const waiting = followed.waitBeyond(1, reader.signal);
    reader.abort();
    await waiting;
    await followed.waitBeyond(1, reader.signal);
    followed.release();
  });

  it('keeps looking while the database is away, and says so once', async () => {
    const { service, heads, state, warn, info } = signals();
    state.isAway = true;
    const followed = service.follow(head('a'));
    const woken = followed.waitBeyond(1, never);
    while (state.statements < 2) await soon(20);
    heads.set('a', { run_id: 'a', last_seq: 2, ended: false });
    state.isAway = false;
    await woken;
    await soon(10);
    expect([warn.mock.calls.length, info.mock.calls.length]).toEqual([1, 1]);
    followed.release();
  });
});
