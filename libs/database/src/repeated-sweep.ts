import { setTimeout as sleep } from 'node:timers/promises';

/** What is swept how often. */
export interface RepeatedSweepOptions {
  readonly everyMs: number;
  readonly sweep: () => Promise<unknown>;
  /** A sweep failed; the next one tries again. */
  readonly onFailure: (error: unknown) => void;
}

/** Removes what is old again and again; several processes may be at it. The first time is at the start: a service may never run for an interval. */
export class RepeatedSweep {
  private readonly stopping = new AbortController();
  private working: Promise<void> | undefined;

  constructor(private readonly options: RepeatedSweepOptions) {}

  start(): void {
    this.working ??= this.work();
  }

  /** Resolves when the statement in progress has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.working;
  }

  /**
   * Deletes in portions, so that no statement takes long.
   *
   * @param deleteSome deletes at most `portion` rows and says how many
   * @returns how many rows were deleted
   */
  async inPortions(portion: number, deleteSome: () => Promise<number>): Promise<number> {
    let all = 0;
    for (let deleted = portion; deleted >= portion && !this.stopping.signal.aborted; all += deleted) {
      deleted = await deleteSome();
    }
    return all;
  }

  private async work(): Promise<void> {
    const { everyMs, sweep, onFailure } = this.options;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await sweep().catch(onFailure);
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
