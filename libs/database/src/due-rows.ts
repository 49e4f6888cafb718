import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** How rows that are due are looked for. */
export interface DueRowsOptions {
  /** Longest pause between two looks, in milliseconds. */
  readonly lookMs: number;
  /** Most rows that a look takes: after as many the next follows at once. */
  readonly atOnce: number;
  /** Takes rows that are due and does what they are for. @returns how many it took */
  readonly take: (signal: AbortSignal) => Promise<number>;
  /** A look failed as a whole; the next one follows after the pause. */
  readonly onFailure: (error: unknown) => void;
}

/** Works off rows that are due: as soon as somebody announces one, else by looking now and then. */
export class DueRows {
  private readonly stopping = new AbortController();
  private readonly wake = new EventEmitter();
  private looking: Promise<void> | undefined;

  constructor(private readonly options: DueRowsOptions) {}

  start(): void {
    this.looking ??= this.look();
  }

  /** There is a row that was not there before. */
  announce(): void {
    this.wake.emit('due');
  }

  /** Fires when the work is to be given up. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  /** Resolves when the look in progress has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.looking;
  }

  private async look(): Promise<void> {
    const { lookMs, atOnce, take, onFailure } = this.options;
    while (!this.signal.aborted) {
      const pausing = new AbortController();
      const either = AbortSignal.any([this.signal, pausing.signal]);
      // Before the look: what is committed during it is not overheard.
      const pause = Promise.race([
        sleep(lookMs, undefined, { signal: either, ref: false }),
        once(this.wake, 'due', { signal: either }),
      ]).catch(() => undefined);
      const taken = await take(this.signal).catch((error: unknown) => {
        onFailure(error);
        return 0;
      });
      if (taken < atOnce) await pause;
      pausing.abort();
    }
  }
}
