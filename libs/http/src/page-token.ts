import { createHash } from 'node:crypto';
import type { ApprovalListOptions, NodeRunListOptions, Pagination, RunListOptions } from '#contract';
import { invalidRequest } from './error-envelope.js';
import { readInstant } from './instant.js';

/** Where in a listing an item stands: its time of creation and, among those of the same time, its id. */
export interface PagePosition {
  /** UTC with microseconds, see `readInstant`. */
  readonly createdAt: string;
  readonly id: string;
}

/** Before every item of a listing that is newest first: where its first page begins. */
export const NEWEST: PagePosition = { createdAt: 'infinity', id: '' };

/** One page of a listing. */
export interface Page<T> {
  readonly items: T[];
  readonly pagination: Pagination;
}

export const DEFAULT_PAGE_SIZE = 50;
export const MAX_PAGE_SIZE = 500;

const VERSION = 1;

/**
 * The pages of one listing. A token is opaque to callers: base64url of `{"v", "at", "id", "of"}`, the position of the last item
 * seen and a fingerprint of the listing and its filters. It is a position and not a count: what was there throughout is neither
 * shown twice nor left out, whatever comes or goes between two pages.
 */
export class Pages {
  private readonly fingerprint: string;

  /** @param listing the name of the listing and everything that decides which items are on it */
  constructor(listing: readonly unknown[]) {
    this.fingerprint = createHash('sha256').update(JSON.stringify(listing)).digest('base64url').slice(0, 16);
  }

  /**
   * The position after which the page begins; undefined for the first page.
   *
   * @throws AppError invalid_request at `page_token`
   */
  read(token: string | undefined): PagePosition | undefined {
    if (token === undefined) return undefined;
    const said = parse(token);
    if (said === undefined) throw refusal('is not a page token of this service');
    if (said.of !== this.fingerprint) {
      throw refusal('belongs to a listing with other filters; leave it out to begin with the first page');
    }
    return { createdAt: said.at, id: said.id };
  }

  /** The token of the page that begins after `position`. */
  write(position: PagePosition): string {
    const content = { v: VERSION, at: position.createdAt, id: position.id, of: this.fingerprint };
    return Buffer.from(JSON.stringify(content)).toString('base64url');
  }

  /**
   * The page of what was found.
   *
   * @param found the items after the page's beginning, in order: one more than `limit` where there are as many
   */
  of<T>(found: readonly T[], limit: number, positionOf: (item: T) => PagePosition): Page<T> {
    const items = found.slice(0, limit);
    const last = items.at(-1);
    const more = last !== undefined && found.length > limit;
    return {
      items,
      pagination: { ...(more ? { next_page_token: this.write(positionOf(last)) } : {}), page_size: limit },
    };
  }
}

/** The pages of the listing of runs with these filters. */
export function pagesOfRuns({ states, nodeTypeId, createdAfter, createdBefore }: RunListOptions): Pages {
  return new Pages(['runs', sorted(states), nodeTypeId, createdAfter, createdBefore].map(orNull));
}

/** The pages of the listing of a run's node runs with these filters. */
export function pagesOfNodeRuns(runId: string, options: NodeRunListOptions): Pages {
  const { states, nodeTypeId, parentNodeRunId, kind } = options;
  return new Pages(['node_runs', runId, sorted(states), nodeTypeId, parentNodeRunId, kind].map(orNull));
}

/** The pages of the listing of approvals with these filters. */
export function pagesOfApprovals({ states, runId }: ApprovalListOptions): Pages {
  return new Pages(['approvals', sorted(states), runId].map(orNull));
}

function sorted(states: readonly string[] | undefined): string[] | undefined {
  return states === undefined ? undefined : [...new Set(states)].sort();
}

function orNull(filter: unknown): unknown {
  return filter ?? null;
}

function parse(token: string): { readonly at: string; readonly id: string; readonly of: string } | undefined {
  const bytes = Buffer.from(token, 'base64url');
  // Node skips what is not base64url.
  if (bytes.toString('base64url') !== token) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
  const { v, at, id, of } = (content ?? {}) as Record<string, unknown>;
  const isOurs = v === VERSION && typeof at === 'string' && typeof id === 'string' && typeof of === 'string';
  return isOurs && readInstant(at) === at && !id.includes('\0') ? { at, id, of } : undefined;
}

function refusal(message: string): Error {
  return invalidRequest([{ path: 'page_token', message }]);
}
