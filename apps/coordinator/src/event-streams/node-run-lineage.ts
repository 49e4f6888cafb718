import type { RunEvent } from '#contract';

/**
 * Tells the events of one node run and of those below it from the other events of its run. Who is below is learned from the
 * log itself: `node_run_assigned` names the parent. Only of a node run whose announcement was not read (before the cursor, or on
 * a later page) it has to be looked up, once.
 */
export class NodeRunLineage {
  private readonly within: Map<string, boolean>;

  /** @param look those of the given node runs that are `nodeRunId` or below it */
  constructor(
    nodeRunId: string,
    private readonly look: (nodeRunIds: readonly string[]) => Promise<ReadonlySet<string>>,
  ) {
    this.within = new Map([[nodeRunId, true]]);
  }

  /** The events of a page, pages in order, that belong. Events of no node run do not. */
  async select(page: readonly RunEvent[]): Promise<RunEvent[]> {
    const parents = new Map(page.flatMap(announcement));
    const ids = new Set(page.flatMap(({ node_run_id }) => node_run_id ?? []));
    const unknown = new Set([...ids].flatMap((id) => this.trace(id, parents) ?? []));
    if (unknown.size > 0) {
      const found = await this.look([...unknown]);
      for (const id of unknown) this.within.set(id, found.has(id));
      for (const id of ids) this.trace(id, parents);
    }
    return page.filter(({ node_run_id }) => node_run_id !== undefined && this.within.get(node_run_id) === true);
  }

  /**
   * Goes up from a node run to the first of which is known whether it belongs, and notes the same for all on the way.
   *
   * @returns the node run where the way ends without that
   */
  private trace(id: string, parents: ReadonlyMap<string, string | undefined>): string | undefined {
    const way: string[] = [];
    let at = id;
    while (!this.within.has(at)) {
      if (!parents.has(at) || way.includes(at)) return at;
      way.push(at);
      const parent = parents.get(at);
      if (parent === undefined) {
        this.within.set(at, false);
        break;
      }
      at = parent;
    }
    const belongs = this.within.get(at) === true;
    for (const passed of way) this.within.set(passed, belongs);
    return undefined;
  }
}

/** What `node_run_assigned` says: the parent of a node run; undefined for the root. */
function announcement({ type, node_run_id, data }: RunEvent): [string, string | undefined][] {
  if (type !== 'node_run_assigned' || node_run_id === undefined) return [];
  if (data?.['root'] === true) return [[node_run_id, undefined]];
  const parent = data?.['parent_node_run_id'];
  return typeof parent === 'string' ? [[node_run_id, parent]] : [];
}
