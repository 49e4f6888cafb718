/** Most node runs remembered; those that were handed over first are forgotten first. */
const CAPACITY = 10_000;

/** Which executors may be working on a node run, as far as this process handed it to them. */
export class NodeRunHolders<E> {
  private readonly byNodeRun = new Map<string, Set<E>>();

  constructor(private readonly capacity: number = CAPACITY) {}

  /** Empty when nothing is known. */
  of(nodeRunId: string): readonly E[] {
    return [...(this.byNodeRun.get(nodeRunId) ?? [])];
  }

  add(nodeRunId: string, executor: E): void {
    this.byNodeRun.set(nodeRunId, (this.byNodeRun.get(nodeRunId) ?? new Set()).add(executor));
    const [oldest] = this.byNodeRun.keys();
    if (this.byNodeRun.size > this.capacity && oldest !== undefined) this.byNodeRun.delete(oldest);
  }

  remove(nodeRunId: string, executor: E): void {
    const executors = this.byNodeRun.get(nodeRunId);
    executors?.delete(executor);
    if (executors?.size === 0) this.byNodeRun.delete(nodeRunId);
  }
}
