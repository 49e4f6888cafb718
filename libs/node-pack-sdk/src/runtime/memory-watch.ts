import { residentMiB } from './resident-memory.js';

const EVERY_MS = 250;
/** A process without work is looked at once in so many times. */
const IDLE_EVERY = 4;
/** What Node itself takes beside the heap and the buffers of the pack. */
const NODE_MIB = 96;
/** Of the limit; a process without work that keeps more has leaked it. */
const WORN_ABOVE = 0.75;
/** Short node runs follow each other faster than a look is worth: it takes as long as some of them. */
const LOOK_EVERY_MS = 50;

/**
 * Watches the resident memory of a process where the system tells it, until `stop`; V8's own limit does not count buffers. It is looked
 * at every 250 ms, and every second while the process is idle.
 */
export class MemoryWatch {
  isIdle = false;
  private readonly pid: number | undefined;
  private readonly limitMiB: number;
  private readonly timer: NodeJS.Timeout;
  private lookedAt = -Infinity;
  private ticks = 0;

  constructor(pid: number | undefined, memoryMb: number, onExcess: () => void) {
    this.pid = pid;
    this.limitMiB = memoryMb + NODE_MIB;
    this.timer = setInterval(() => {
      this.ticks += 1;
      if ((!this.isIdle || this.ticks % IDLE_EVERY === 0) && this.isExceeded()) onExcess();
    }, EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  isExceeded(): boolean {
    return this.resident() > this.limitMiB;
  }

  /** Whether the process, which has no work, should make way for a fresh one. */
  isWorn(): boolean {
    const now = performance.now();
    if (now - this.lookedAt < LOOK_EVERY_MS) return false;
    this.lookedAt = now;
    return this.resident() > this.limitMiB * WORN_ABOVE;
  }

  private resident(): number {
    return this.pid === undefined ? 0 : (residentMiB(this.pid) ?? 0);
  }
}
