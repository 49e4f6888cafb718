import fc from 'fast-check';
import { AppError } from '#contract';
import { GroupedWrites } from './grouped-writes.js';

/** Writes rows when it is told to; refuses what holds a negative one. */
class Table {
  readonly groups: number[][] = [];
  readonly rows: number[] = [];
  failure: Error | undefined;
  private readonly waiting: (() => void)[] = [];

  async insert(rows: readonly number[]): Promise<void> {
    this.groups.push([...rows]);
    await new Promise<void>((settle) => this.waiting.push(settle));
    if (this.failure !== undefined) throw this.failure;
    if (rows.some((row) => row < 0)) throw new Error('a row is negative');
    this.rows.push(...rows);
  }

  /** Lets everything through until nothing comes any more. */
  async drain(): Promise<void> {
    await turn();
    while (this.waiting.length > 0) {
      for (const settle of this.waiting.splice(0)) settle();
      await turn();
    }
  }
}

const turn = () => new Promise<void>((settle) => setTimeout(settle));

describe('GroupedWrites', () => {
  let table: Table;
  let writes: GroupedWrites<number>;
  beforeEach(() => {
    table = new Table();
    writes = new GroupedWrites((rows) => table.insert(rows));
  });
  const write = (rows: readonly number[]) => Promise.allSettled(rows.map((row) => writes.write(row)));

  it('writes what comes in the same turn together, and what comes meanwhile with the next two', async () => {
    const first = write([1, 2, 3]);
    await turn();
    const second = write([4]);
    await turn();
    const third = write([5, 6]);
    await turn();
    expect(table.groups).toEqual([[1, 2, 3], [4]]);
    await table.drain();
    await Promise.all([first, second, third]);
    expect(table.groups).toEqual([[1, 2, 3], [4], [5, 6]]);
  });

  it('answers nobody before the row is written', async () => {
    let isAnswered = false;
    const written = writes.write(1).then(() => (isAnswered = true));
    await turn();
    expect(isAnswered).toBe(false);
    await table.drain();
    await written;
  });

  it('fails all of a group without a database, and writes them no second time', async () => {
    table.failure = new AppError('database_unavailable');
    const failed = write([1, 2]);
    await table.drain();
    expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(table.groups).toEqual([[1, 2]]);
    table.failure = undefined;
    const good = write([3]);
    await table.drain();
    expect((await good)[0]?.status).toBe('fulfilled');
  });

  it('writes every row once, whatever is refused beside it', async () => {
    const row = fc.integer({ min: -20, max: 100_000 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { maxLength: 150 }), { maxLength: 4 }), async (turns) => {
        table = new Table();
        writes = new GroupedWrites((rows) => table.insert(rows));
        const written = turns.map((rows) => write(rows));
        await table.drain();
        const answers = (await Promise.all(written)).flat();
        const all = turns.flat();
        expect(answers.map(({ status }) => status)).toEqual(all.map((one) => (one < 0 ? 'rejected' : 'fulfilled')));
        const byNumber = (left: number, right: number) => left - right;
        expect(table.rows.sort(byNumber)).toEqual(all.filter((one) => one >= 0).sort(byNumber));
        expect(Math.max(0, ...table.groups.map(({ length }) => length))).toBeLessThanOrEqual(128);
      }),
      { numRuns: 50 },
    );
  });
});
