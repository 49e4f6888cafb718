import { isDatabaseUnavailable } from './postgres-errors.js';

interface Waiting<Row> {
  readonly row: Row;
  readonly settle: () => void;
  readonly fail: (error: unknown) => void;
}

/** Groups written at the same time. More of them make smaller groups. */
const LANES = 2;
const MAX_GROUP = 128;

/**
 * Rows of many callers in one statement (group commit), for logs: each caller is answered after the commit that holds its row. A lane
 * starts as soon as it is free, without a timer, so a lonely caller waits for nobody. A row that PostgreSQL refuses fails its caller alone.
 */
export class GroupedWrites<Row> {
  private readonly queue: Waiting<Row>[] = [];
  private busyLanes = 0;
  private isPumping = false;

  /** @param insert writes all of some rows, or none */
  constructor(private readonly insert: (rows: readonly Row[]) => Promise<unknown>) {}

  /** @throws AppError database_unavailable, when the row may have been written or not; what `insert` rejected with for this row */
  write(row: Row): Promise<void> {
    return new Promise((settle, fail) => {
      this.queue.push({ row, settle, fail });
      if (this.isPumping) return;
      this.isPumping = true;
      // What arrives in the same turn goes into the same group.
      setImmediate(() => this.pump());
    });
  }

  private pump(): void {
    this.isPumping = false;
    while (this.busyLanes < LANES && this.queue.length > 0) {
      this.busyLanes += 1;
      void this.carryOut(this.queue.splice(0, MAX_GROUP)).finally(() => {
        this.busyLanes -= 1;
        this.pump();
      });
    }
  }

  private async carryOut(group: readonly Waiting<Row>[]): Promise<void> {
    try {
      await this.insert(group.map(({ row }) => row));
    } catch (error) {
      // Without a database every row has the same fate.
      if (group.length === 1 || isDatabaseUnavailable(error)) return group.forEach(({ fail }) => fail(error));
      for (const one of group) await this.carryOut([one]);
      return;
    }
    for (const { settle } of group) settle();
  }
}
