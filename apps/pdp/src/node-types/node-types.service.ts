import { LRUCache } from 'lru-cache';
import { kindByPrefix } from '#contract';
import type { AtomicExecutorApi, NodeRegistryApi, NodeType, NodeTypeRef, RequestContext } from '#contract';
import { detached } from '#http';

/** A list as an executor gave it; empty when it has none. */
interface Listed {
  readonly nodeTypes: readonly NodeType[];
}

/** What was published or loaded a moment ago is to be found soon. */
const FRESH_MS = 1_000;
const LIST_TTL_MS = 30_000;
const REGISTRY_CAPACITY = 1_000;

/** Describes node types: by the registry, else by the lists of the atomic executors. */
export class NodeTypesService {
  private readonly lists: LRUCache<AtomicExecutorApi, Listed, RequestContext>;
  private readonly published: LRUCache<string, { readonly found: NodeType | undefined }>;

  /** @param now a clock in milliseconds */
  constructor(
    private readonly executors: readonly AtomicExecutorApi[],
    private readonly registry: NodeRegistryApi | undefined,
    now: () => number = () => performance.now(),
  ) {
    const clock = { ttlResolution: 0, perf: { now } };
    this.lists = new LRUCache({
      ...clock,
      max: Math.max(1, executors.length),
      ttl: LIST_TTL_MS,
      // What it listed before holds until it is too old.
      noDeleteOnFetchRejection: true,
      fetchMethod: async (executor, _, { context }) => ({
        nodeTypes: (await executor.listNodeTypes(detached(context))) ?? [],
      }),
    });
    this.published = new LRUCache({ ...clock, max: REGISTRY_CAPACITY });
  }

  /**
   * @returns undefined when nobody knows it; another version when only that is known
   * @throws AppError node_registry_unavailable; atomic_executor_unavailable when one that does not answer might know it
   */
  async find(ctx: RequestContext, ref: NodeTypeRef): Promise<NodeType | undefined> {
    const published = await this.findPublished(ctx, ref);
    if (published !== undefined || kindByPrefix(ref.node_type_id) === 'composite') return published;
    const known = await this.listed(ctx, ref, LIST_TTL_MS);
    const exact = known.find(({ version }) => version === ref.version);
    if (exact !== undefined) return exact;
    const fresh = await this.listed(ctx, ref, FRESH_MS);
    return fresh.find(({ version }) => version === ref.version) ?? fresh.at(-1);
  }

  /** The versions of a node type in lists that are not older than `maxAgeMs`. */
  private async listed(
    ctx: RequestContext,
    { node_type_id, version }: NodeTypeRef,
    maxAgeMs: number,
  ): Promise<NodeType[]> {
    const answers = await Promise.allSettled(
      this.executors.map((executor) =>
        this.lists.forceFetch(executor, {
          context: ctx,
          forceRefresh: LIST_TTL_MS - this.lists.getRemainingTTL(executor) > maxAgeMs,
        }),
      ),
    );
    const found = answers
      .flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.nodeTypes : []))
      .filter((nodeType) => nodeType.node_type_id === node_type_id);
    const failed = answers.find((answer) => answer.status === 'rejected');
    if (failed !== undefined && !found.some((nodeType) => nodeType.version === version)) throw failed.reason;
    return found;
  }

  private async findPublished(ctx: RequestContext, ref: NodeTypeRef): Promise<NodeType | undefined> {
    if (this.registry === undefined) return undefined;
    const key = JSON.stringify([ref.node_type_id, ref.version]);
    const known = this.published.get(key);
    if (known !== undefined) return known.found;
    const found = await this.registry.getNodeType(ctx, ref);
    this.published.set(key, { found }, { ttl: found === undefined ? FRESH_MS : LIST_TTL_MS });
    return found;
  }
}
