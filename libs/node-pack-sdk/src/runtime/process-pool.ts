import type { JsonObject } from '../json-schema.js';
import type { PackProcess } from './pack-process.js';
import { reasonOf } from './pack-module.js';

/** Limits of a pool. */
export interface PoolOptions {
  readonly maxProcesses: number;
  readonly idleMs: number;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: JsonObject) => void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/**
 * The processes of a pack: one is always kept ready, more are started when there is work for them, and end when there is none. Whoever
 * comes when all are at work waits, first come, first served. When processes end one after another before their first node run, the next
 * is started after a pause that grows.
 */
export class ProcessPool {
  private readonly start: () => PackProcess;
  private readonly options: PoolOptions;
  /** All that have not ended, those that are still loading included. */
  private readonly all = new Set<PackProcess>();
  /** Without work; the last was used last. */
  private readonly idle: { readonly process: PackProcess; readonly timer: NodeJS.Timeout }[] = [];
  private readonly loading = new Set<PackProcess>();
  private waiters: { readonly settle: (process: PackProcess) => void }[] = [];
  private failures = 0;
  private pause: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(start: () => PackProcess, options: PoolOptions) {
    this.start = start;
    this.options = options;
  }

  /**
   * Starts the first process.
   *
   * @returns ids of the nodes that the code has handlers for
   * @throws Error with a clause that says why the pack cannot be loaded
   */
  async open(): Promise<readonly string[]> {
    const process = this.add();
    try {
      await process.load();
    } catch (error) {
      await this.close();
      throw error;
    }
    this.loading.delete(process);
    this.offer(process);
    return process.handlerIds;
  }

  /** A process to run one handler with; undefined when the signal fires first. Give it back. */
  async take(signal: AbortSignal): Promise<PackProcess | undefined> {
    if (signal.aborted) return undefined;
    let isFirst = false;
    for (let free = this.idle.pop(); free !== undefined; free = this.idle.pop()) {
      const { process, timer } = free;
      clearTimeout(timer);
      const ready = process.isReady();
      if (await Promise.race([ready, fired(signal)])) return process;
      if (signal.aborted) {
        void ready.then((isReady) => isReady && this.offer(process));
        return undefined;
      }
      // Whoever came while we asked in vain came later.
      isFirst = true;
    }
    return this.wait(signal, isFirst);
  }

  /** After a node run, whatever has become of the process. */
  giveBack(process: PackProcess): void {
    this.failures = 0;
    if (!process.isUsable) return;
    if (!process.isWorn()) {
      this.offer(process);
      return;
    }
    this.options.log('info', 'a process of the node pack has kept much memory; a fresh one takes its place');
    process.retire();
  }

  /** Starts no more processes. */
  stop(): void {
    this.isStopped = true;
    clearTimeout(this.pause);
  }

  /** Ends all processes; resolves when they are gone. */
  async close(): Promise<void> {
    this.stop();
    for (const { timer } of this.idle.splice(0)) clearTimeout(timer);
    for (const process of this.all) process.retire();
    await Promise.all([...this.all].map((process) => process.ended));
  }

  private wait(signal: AbortSignal, isFirst: boolean): Promise<PackProcess | undefined> {
    return new Promise((settle) => {
      const waiter = {
        settle: (process: PackProcess) => {
          signal.removeEventListener('abort', stop);
          settle(process);
        },
      };
      const stop = () => {
        this.waiters = this.waiters.filter((other) => other !== waiter);
        settle(undefined);
      };
      signal.addEventListener('abort', stop, { once: true });
      if (isFirst) this.waiters.unshift(waiter);
      else this.waiters.push(waiter);
      this.fill();
    });
  }

  private add(): PackProcess {
    const process = this.start();
    this.all.add(process);
    this.loading.add(process);
    void process.ended.then(() => this.remove(process));
    return process;
  }

  private remove(process: PackProcess): void {
    this.all.delete(process);
    this.loading.delete(process);
    const at = this.idle.findIndex((free) => free.process === process);
    for (const { timer } of at === -1 ? [] : this.idle.splice(at, 1)) clearTimeout(timer);
    if (process.hasFailed) this.failed();
    this.fill();
  }

  private failed(): void {
    this.failures += 1;
    if (this.failures === 1 || this.isStopped) return;
    clearTimeout(this.pause);
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (this.failures - 2), LONGEST_PAUSE_MS);
    this.pause = setTimeout(() => {
      this.pause = undefined;
      this.fill();
    }, pauseMs);
  }

  /** Starts what is wanted and not there. */
  private fill(): void {
    if (this.isStopped || this.pause !== undefined) return;
    while (
      this.all.size < this.options.maxProcesses &&
      this.loading.size < Math.max(this.waiters.length, this.all.size === 0 ? 1 : 0)
    ) {
      void this.grow();
    }
  }

  private async grow(): Promise<void> {
    const process = this.add();
    try {
      await process.load();
      this.loading.delete(process);
      this.offer(process);
    } catch (error) {
      if (!this.isStopped) {
        this.options.log('error', `a fresh process of the node pack could not be started: ${reasonOf(error)}`);
      }
      process.end('It could not be loaded.');
    }
  }

  private offer(process: PackProcess): void {
    const waiter = this.waiters.shift();
    if (waiter !== undefined) {
      waiter.settle(process);
      return;
    }
    const timer = setTimeout(() => this.idledOut(process), this.options.idleMs).unref();
    this.idle.push({ process, timer });
  }

  private idledOut(process: PackProcess): void {
    const usable = [...this.all].filter((one) => one.isUsable);
    if (usable.length > 1) process.retire();
  }
}

/** False when the signal fires. */
function fired(signal: AbortSignal): Promise<false> {
  return new Promise((settle) => signal.addEventListener('abort', () => settle(false), { once: true }));
}
