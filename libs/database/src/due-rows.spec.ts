import { once } from 'node:events';
import { EventEmitter } from 'node:events';
import { DueRows } from './due-rows.js';

describe('DueRows', () => {
  const taken = new EventEmitter();
  let due: number;
  let failures: unknown[];
  const rows = (lookMs: number, take?: () => Promise<number>) =>
    new DueRows({
      lookMs,
      atOnce: 2,
      take:
        take ??
        (() => {
          const now = Math.min(due, 2);
          due -= now;
          taken.emit('look', now);
          return Promise.resolve(now);
        }),
      onFailure: (error) => failures.push(error),
    });
  beforeEach(() => {
    due = 0;
    failures = [];
  });

  it('takes what is due at the start, look after look without a pause, and stops', async () => {
    due = 5;
    const work = rows(3_600_000);
    const looks: number[] = [];
    taken.on('look', (now: number) => looks.push(now));
    work.start();
    while (due > 0) await new Promise((settle) => setImmediate(settle));
    await work.stop();
    expect(looks).toEqual([2, 2, 1]);
    expect(work.signal.aborted).toBe(true);
  });

  it('takes what is announced, also while a look is in progress', async () => {
    const work = rows(3_600_000);
    const first = once(taken, 'look');
    work.start();
    await first;
    due = 1;
    const second = once(taken, 'look');
    work.announce();
    expect(await second).toEqual([1]);
    await work.stop();
  });

  it('looks again by itself, also after a failure', async () => {
    let looks = 0;
    const work = rows(1, () => {
      looks += 1;
      return looks < 3 ? Promise.reject(new Error(`look ${looks}`)) : Promise.resolve(0);
    });
    work.start();
    while (looks < 4) await new Promise((settle) => setTimeout(settle, 1));
    await work.stop();
    expect(failures).toEqual([new Error('look 1'), new Error('look 2')]);
  });
});
