import { Inject, Injectable, Optional } from '@nestjs/common';
import { AppError, NodeRegistryApi } from '#contract';
import type { NodeType, NodeTypeRef, RequestContext } from '#contract';
import { detached } from '#http';
import { AtomicExecutors } from '../atomic-executors/atomic-executors.js';
import { ExpiringCache } from './expiring-cache.js';
import { factsByPrefix, factsOf } from './node-type-facts.js';
import type { NodeTypeFacts } from './node-type-facts.js';

/** A node type in one version does not change; how much of a registry is kept is a matter of memory. */
const CAPACITY = 1_000;
const FOUND_TTL_MS = 30_000;
/** What was published a moment ago is to be found soon. */
const ABSENT_TTL_MS = 1_000;

/**
 * Tells what the coordinator must know of a node type. Sources, in this order: the node registry when there is one, the lists of the
 * atomic executors, the prefix of the id.
 */
@Injectable()
export class NodeTypesService {
  private readonly published = new ExpiringCache<NodeType | undefined>({
    capacity: CAPACITY,
    ttlMs: (found) => (found === undefined ? ABSENT_TTL_MS : FOUND_TTL_MS),
  });

  constructor(
    private readonly executors: AtomicExecutors,
    @Optional() @Inject(NodeRegistryApi) private readonly registry: NodeRegistryApi | undefined,
  ) {}

  /**
   * A node type that nobody knows is described by the prefix of its id, which tells the kind at most. Where an executor has no list,
   * what has no prefix either is taken for one of its.
   *
   * @throws AppError node_registry_unavailable when there is a registry and it does not answer: its constraints are not skipped
   * @throws AppError atomic_executor_unavailable when only an executor that does not answer could tell. For an `atomic.` id it is the one
   * who knows the side effect; an id with a prefix of composites is not asked for.
   */
  async describe(ctx: RequestContext, ref: NodeTypeRef): Promise<NodeTypeFacts> {
    const published = await this.findPublished(ctx, ref);
    if (published !== undefined) return factsOf(published);
    const byPrefix = factsByPrefix(ref.node_type_id);
    if (byPrefix.kind === 'composite') return byPrefix;
    const offered = await this.executors.find(ctx, ref);
    if (offered !== undefined) return factsOf(offered);
    return { ...byPrefix, kind: byPrefix.kind ?? (this.executors.mayRunUnlisted ? 'atomic' : undefined) };
  }

  /**
   * As `describe`, for what is about to be created: an executor that does not answer now is asked again at dispatch, and until then
   * the prefix of the id tells what it can.
   *
   * @throws AppError node_registry_unavailable
   */
  async describeNew(ctx: RequestContext, ref: NodeTypeRef): Promise<NodeTypeFacts> {
    return this.describe(ctx, ref).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'atomic_executor_unavailable') {
        return factsByPrefix(ref.node_type_id);
      }
      throw error;
    });
  }

  private async findPublished(ctx: RequestContext, ref: NodeTypeRef): Promise<NodeType | undefined> {
    const { registry } = this;
    if (registry === undefined) return undefined;
    const { node_type_id, version } = ref;
    const key = JSON.stringify([node_type_id, version]);
    return this.published.get(key, () => registry.getNodeType(detached(ctx), { node_type_id, version }));
  }
}
