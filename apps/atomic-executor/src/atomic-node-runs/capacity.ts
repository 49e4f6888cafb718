import PQueue from 'p-queue';
import { AppError } from '#contract';

/** How many node runs there may be. */
export interface CapacityLimits {
  /** At work at once. */
  readonly maxConcurrency: number;
  /** Waiting at each gate. */
  readonly maxQueued: number;
}

/** A limit below that of the executor, such as of one node type. */
export interface Gate {
  readonly name: string;
  readonly maxConcurrency: number;
}

/**
 * Places for node runs, in the order in which they come. Who waits at a gate of his own holds no place of the others, so that a node type
 * that is slow does not fill the executor.
 */
export class Capacity {
  private readonly executor: PQueue;
  private readonly gates = new Map<string, PQueue>();

  constructor(private readonly limits: CapacityLimits) {
    this.executor = new PQueue({ concurrency: limits.maxConcurrency });
  }

  /**
   * Runs `work` when there is a place at every gate and in the executor.
   *
   * @param waiting gives up the wait; must not fire once `work` has begun
   * @throws AppError execution_overloaded, or the reason of `waiting`, before anything of `work` has run
   */
  async run<T>(gates: readonly Gate[], waiting: AbortSignal, work: () => Promise<T>): Promise<T> {
    const [gate, ...others] = gates;
    if (gate === undefined) return this.enter(this.executor, waiting, work);
    return this.enter(this.queueOf(gate), waiting, () => this.run(others, waiting, work));
  }

  private async enter<T>(queue: PQueue, waiting: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (queue.pending >= queue.concurrency && queue.size >= this.limits.maxQueued) {
      throw new AppError('execution_overloaded');
    }
    return queue.add(work, { signal: waiting });
  }

  private queueOf({ name, maxConcurrency }: Gate): PQueue {
    let queue = this.gates.get(name);
    if (queue === undefined) {
      queue = new PQueue({ concurrency: maxConcurrency });
      this.gates.set(name, queue);
    }
    return queue;
  }
}
