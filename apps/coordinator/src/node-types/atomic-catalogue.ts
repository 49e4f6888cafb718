import type { AtomicExecutorApi, NodeType, NodeTypeRef, RequestContext } from '#contract';
import { detached } from './detached-context.js';

const REFRESH_AT_MOST_EVERY_MS = 1_000;

/** The node types that the atomic executor offers, as it listed them last. */
export class AtomicCatalogue {
  private byId = new Map<string, NodeType[]>();
  private refreshedAt = Number.NEGATIVE_INFINITY;
  private refreshing: Promise<void> | undefined;

  /** @param now a clock in milliseconds */
  constructor(
    private readonly executor: AtomicExecutorApi,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * A version that was not listed makes the executor be asked again. When it does not have it either, another version of the node
   * type is what comes closest.
   *
   * @throws AppError atomic_executor_unavailable when it must be asked and does not answer
   */
  async find(ctx: RequestContext, { node_type_id, version }: NodeTypeRef): Promise<NodeType | undefined> {
    const exact = () => this.byId.get(node_type_id)?.find((nodeType) => nodeType.version === version);
    if (exact() === undefined) await this.refresh(ctx);
    return exact() ?? this.byId.get(node_type_id)?.at(-1);
  }

  /** Concurrent misses share one request, and unknown ids cannot make us ask more often than once a second. */
  private async refresh(ctx: RequestContext): Promise<void> {
    if (this.refreshing === undefined) {
      if (this.now() - this.refreshedAt < REFRESH_AT_MOST_EVERY_MS) return;
      this.refreshing = this.executor
        .listNodeTypes(detached(ctx))
        .then((nodeTypes) => {
          const byId = new Map<string, NodeType[]>();
          for (const nodeType of nodeTypes) {
            byId.set(nodeType.node_type_id, [...(byId.get(nodeType.node_type_id) ?? []), nodeType]);
          }
          this.byId = byId;
          this.refreshedAt = this.now();
        })
        .finally(() => {
          this.refreshing = undefined;
        });
    }
    await this.refreshing;
  }
}
