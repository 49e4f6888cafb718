import { residentMiB } from './resident-memory.js';

const EVERY_MS = 250;
/** What Node itself takes beside the heap and the buffers of the pack. */
const NODE_MIB = 96;
/** Of the limit; a process without work that keeps more has leaked it. */
const WORN_ABOVE = 0.75;
/** Short node runs follow each other faster than a look is worth: it takes as long as some of them. */
const LOOK_EVERY_MS = 50;

/** Watches the resident memory of a process where the system tells it; V8's own limit does not count buffers. */
export class MemoryWatch {
  private readonly pid: number | undefined;
  private readonly limitMiB: number;
  private readonly onExcess: () => void;
  private lookedAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(pid: number | undefined, memoryMb: number, onExcess: () => void) {
    this.pid = pid;
    this.limitMiB = memoryMb + NODE_MIB;
    this.onExcess = onExcess;
  }

  /** From the begin of a node run until `stop`. */
  start(): void {
    this.timer ??= setInterval(() => {
      if (this.resident() > this.limitMiB) this.onExcess();
    }, EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
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
