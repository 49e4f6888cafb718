import { createHmac, randomBytes } from 'node:crypto';
import type { NodeRun, NodeRunList, NodeRunListOptions, Principal, Run, RunEvent, RunList } from '#contract';
import type { RunListOptions } from '#contract';
import { DEFAULT_PAGE_SIZE, pagesOfNodeRuns, pagesOfRuns } from '#http';
import type { PagePosition } from '#http';

/** A run in memory. */
export interface KeptRun {
  run: Run;
  /** The root node run as it was made; its state is the run's. */
  readonly root: NodeRun;
  /** Null without authentication. */
  readonly owner: string | null;
  /** The request, to tell a repeated start from another one. */
  readonly request: string;
  /** UTC with microseconds, see `readInstant`. */
  readonly createdAt: string;
  readonly events: RunEvent[];
}

/** Runs in memory are of one process. */
const KEY_SECRET = randomBytes(32);

/** The run id that an idempotency key stands for: one per caller and key. Nobody else can tell which, to take it by its `run_id`. */
export function runIdOfKey({ subject, tenantId }: Principal, key: string): string {
  const owner = tenantId === undefined ? ['subject', subject] : ['tenant', tenantId];
  const digest = createHmac('sha256', KEY_SECRET)
    .update(JSON.stringify([...owner, key]))
    .digest('hex');
  return `run_${digest.slice(0, 32)}`;
}

/** Newest first, as the coordinator lists runs. */
export function listKeptRuns(kept: Iterable<KeptRun>, options: RunListOptions): RunList {
  const { states, nodeTypeId, createdAfter, createdBefore, limit = DEFAULT_PAGE_SIZE, pageToken } = options;
  const pages = pagesOfRuns(options);
  const after = pages.read(pageToken);
  const found = [...kept]
    .filter(
      (one) =>
        (states === undefined || states.includes(one.run.state)) &&
        (nodeTypeId === undefined || one.root.node_type_ref.node_type_id === nodeTypeId) &&
        (createdAfter === undefined || one.createdAt >= createdAfter) &&
        (createdBefore === undefined || one.createdAt < createdBefore) &&
        (after === undefined || compare(positionOf(one), after) < 0),
    )
    .sort((left, right) => compare(positionOf(right), positionOf(left)));
  const { items, pagination } = pages.of(found, limit, positionOf);
  return { runs: items.map(({ run }) => run), pagination };
}

/** The root: nothing here decomposes it. */
export function listKeptNodeRuns(kept: KeptRun, options: NodeRunListOptions): NodeRunList {
  const { states, nodeTypeId, parentNodeRunId, kind, limit = DEFAULT_PAGE_SIZE, pageToken } = options;
  const pages = pagesOfNodeRuns(kept.run.run_id, options);
  const after = pages.read(pageToken);
  const { state, ended_at } = kept.run;
  const root: NodeRun = { ...kept.root, state, ...(ended_at === undefined ? {} : { ended_at }) };
  const position = { createdAt: kept.createdAt, id: root.node_run_id };
  const isListed =
    (states === undefined || states.includes(root.state)) &&
    (nodeTypeId === undefined || root.node_type_ref.node_type_id === nodeTypeId) &&
    parentNodeRunId === undefined &&
    kind === undefined &&
    (after === undefined || compare(position, after) > 0);
  const { items, pagination } = pages.of(isListed ? [root] : [], limit, () => position);
  return { node_runs: items, pagination };
}

function positionOf({ createdAt, run }: KeptRun): PagePosition {
  return { createdAt, id: run.run_id };
}

function compare(left: PagePosition, right: PagePosition): number {
  if (left.createdAt !== right.createdAt) return left.createdAt < right.createdAt ? -1 : 1;
  if (left.id === right.id) return 0;
  return left.id < right.id ? -1 : 1;
}
