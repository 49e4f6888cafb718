import type { Readable } from 'node:stream';

/** Most that is read in one window. */
export interface PaceLimits {
  readonly bytes: number;
  readonly items: number;
}

const WINDOW_MS = 50;

/** Reads a stream no faster than this process can afford, whatever the other side writes; that one has to wait then. */
export class Pace {
  /** Bytes that were read so far. */
  total = 0;
  private readonly stream: Readable;
  private readonly limits: PaceLimits;
  private windowEnds = 0;
  private bytes = 0;
  private items = 0;
  private holds = 0;
  private timer: NodeJS.Timeout | undefined;
  private isOff = false;

  constructor(stream: Readable, limits: PaceLimits) {
    this.stream = stream;
    this.limits = limits;
  }

  /** Counts what was read. */
  spend(bytes: number, items: number): void {
    this.total += bytes;
    const now = performance.now();
    if (now >= this.windowEnds) {
      this.windowEnds = now + WINDOW_MS;
      this.bytes = 0;
      this.items = 0;
    }
    this.bytes += bytes;
    this.items += items;
    if (this.bytes <= this.limits.bytes && this.items <= this.limits.items) return;
    this.timer ??= setTimeout(() => this.catchUp(), this.windowEnds - now);
    this.settle();
  }

  /** Nothing more is read until `unhold` was called as often. */
  hold(): void {
    this.holds += 1;
    this.settle();
  }

  unhold(): void {
    this.holds -= 1;
    this.settle();
  }

  /** Reads on at once: the window is over. */
  catchUp(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.windowEnds = 0;
    this.settle();
  }

  /** Reads what is left without a pause: the other side has ended. */
  off(): void {
    this.isOff = true;
    this.catchUp();
  }

  private settle(): void {
    if (!this.isOff && (this.holds > 0 || this.timer !== undefined)) this.stream.pause();
    else this.stream.resume();
  }
}
