import type { AtomicExecutorApi, NodeType, NodeTypeRef, RequestContext } from '#contract';
import { detached } from '#http';

const REFRESH_AT_MOST_EVERY_MS = 1_000;

/**
 * How an executor fits a node type, best first. `exact`: it lists it in this version, or did when it was last heard. `other_version`:
 * it lists it, not in this version. `unlisted`: it has no list, so it may run anything. `away`: it did not answer when it was last
 * asked. `absent`: it does not list it, or was not asked.
 */
export const FITS = ['exact', 'other_version', 'unlisted', 'away', 'absent'] as const;
export type Fit = (typeof FITS)[number];

/** The node types that one atomic executor offers, as it listed them last. */
export class AtomicCatalogue {
  private byId = new Map<string, NodeType[]>();
  private hasNoList = false;
  private refreshedAt = Number.NEGATIVE_INFINITY;
  private askedAt = Number.NEGATIVE_INFINITY;
  private refreshing: Promise<void> | undefined;
  private lastFailure: { readonly error: unknown } | undefined;

  /** @param now a clock in milliseconds */
  constructor(
    private readonly executor: Pick<AtomicExecutorApi, 'listNodeTypes'>,
    private readonly now: () => number,
  ) {}

  /** What the executor did not answer when it was last asked for its list; undefined when it answered, or was not asked. */
  get failure(): { readonly error: unknown } | undefined {
    return this.lastFailure;
  }

  /** Whether it answered that it has no list. */
  get isUnlisted(): boolean {
    return this.hasNoList;
  }

  /** What comes closest: this version, else the version that was listed last. */
  find({ node_type_id, version }: NodeTypeRef): NodeType | undefined {
    const versions = this.byId.get(node_type_id);
    return versions?.find((nodeType) => nodeType.version === version) ?? versions?.at(-1);
  }

  fit(ref: NodeTypeRef): Fit {
    const found = this.find(ref);
    if (found?.version === ref.version) return 'exact';
    if (this.lastFailure !== undefined) return 'away';
    if (this.hasNoList) return 'unlisted';
    return found === undefined ? 'absent' : 'other_version';
  }

  /** Milliseconds since the list was had. */
  get age(): number {
    return this.now() - this.refreshedAt;
  }

  /** Milliseconds since it was asked for. */
  get sinceAsked(): number {
    return this.now() - this.askedAt;
  }

  /**
   * Asks the executor for its list. Concurrent calls share one request, and unknown ids cannot make us ask more often than once a
   * second.
   *
   * @throws what the executor rejected with when it did not answer; its last list stays
   */
  async refresh(ctx: RequestContext): Promise<void> {
    if (this.refreshing === undefined) {
      if (this.age < REFRESH_AT_MOST_EVERY_MS) return;
      this.askedAt = this.now();
      this.refreshing = this.load(ctx).finally(() => {
        this.refreshing = undefined;
      });
    }
    await this.refreshing;
  }

  private async load(ctx: RequestContext): Promise<void> {
    try {
      const nodeTypes = await this.executor.listNodeTypes(detached(ctx));
      const byId = new Map<string, NodeType[]>();
      for (const nodeType of nodeTypes ?? []) {
        byId.set(nodeType.node_type_id, [...(byId.get(nodeType.node_type_id) ?? []), nodeType]);
      }
      this.byId = byId;
      this.hasNoList = nodeTypes === undefined;
      this.lastFailure = undefined;
      this.refreshedAt = this.now();
    } catch (error) {
      this.lastFailure = { error };
      throw error;
    }
  }
}
