import { Inject, Injectable, Optional } from '@nestjs/common';
import { AtomicExecutorApi } from '#contract';
import type { NodeKind, NodeTypeRef, RequestContext } from '#contract';

const PREFIXES: readonly (readonly [string, NodeKind])[] = [
  ['atomic.', 'atomic'],
  ['composite.', 'composite'],
  ['jarvis.composite.', 'composite'],
];
const REFRESH_AT_MOST_EVERY_MS = 1_000;

/** Tells whether a node type is atomic or composite: by the prefix of its id, else by the catalogue of the atomic executor. */
@Injectable()
export class NodeKindsService {
  private catalogue = new Set<string>();
  private refreshedAt = Number.NEGATIVE_INFINITY;
  private refreshing: Promise<void> | undefined;

  constructor(@Optional() @Inject(AtomicExecutorApi) private readonly executor: AtomicExecutorApi | undefined) {}

  /**
   * @returns undefined when nothing tells
   * @throws AppError atomic_executor_unavailable when only the executor could tell and it does not answer
   */
  async kindOf(ctx: RequestContext, ref: NodeTypeRef): Promise<NodeKind | undefined> {
    const byPrefix = PREFIXES.find(([prefix]) => ref.node_type_id.startsWith(prefix));
    if (byPrefix !== undefined) return byPrefix[1];
    if (this.executor === undefined) return undefined;
    if (!this.catalogue.has(ref.node_type_id)) await this.refresh(ctx, this.executor);
    return this.catalogue.has(ref.node_type_id) ? 'atomic' : undefined;
  }

  /** Concurrent misses share one request, and unknown ids cannot make us ask more often than once a second. */
  private async refresh(ctx: RequestContext, executor: AtomicExecutorApi): Promise<void> {
    if (this.refreshing === undefined) {
      if (performance.now() - this.refreshedAt < REFRESH_AT_MOST_EVERY_MS) return;
      this.refreshing = executor
        .listNodeTypes(ctx)
        .then((nodeTypes) => {
          this.catalogue = new Set(nodeTypes.map(({ node_type_id }) => node_type_id));
          this.refreshedAt = performance.now();
        })
        .finally(() => {
          this.refreshing = undefined;
        });
    }
    await this.refreshing;
  }
}
