import { APPROVAL_STATES, NODE_KINDS, NODE_RUN_STATES, RUN_STATES } from '#contract';
import type { ApprovalListOptions, Issue, NodeRunListOptions, RunListOptions } from '#contract';
import type { QueryParameter } from './endpoint.decorator.js';
import { invalidRequest } from './error-envelope.js';
import { readInstant } from './instant.js';
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from './page-token.js';

/** Query parameters of a listing as they arrive: a parameter that is repeated is an array. */
export type ListingQuery = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The query parameters of a listing that has no filters. */
export const PAGE_PARAMETERS: readonly QueryParameter[] = [
  {
    name: 'limit',
    description: `Most items on the page. Default ${DEFAULT_PAGE_SIZE}.`,
    schema: { type: 'integer', minimum: 1, maximum: MAX_PAGE_SIZE, default: DEFAULT_PAGE_SIZE },
  },
  {
    name: 'page_token',
    description: 'pagination.next_page_token of the page before, with the same filters. Without it: the first page.',
    schema: { type: 'string' },
  },
];

/** The query parameters of `GET /v1/runs`. */
export const RUN_LIST_PARAMETERS: readonly QueryParameter[] = [
  statesParameter(RUN_STATES),
  { name: 'node_type_id', description: 'Node type id of the root node run.', schema: { type: 'string' } },
  {
    name: 'created_after',
    description: 'Only runs created at this time or later (inclusive).',
    schema: { type: 'string', format: 'date-time' },
  },
  {
    name: 'created_before',
    description: 'Only runs created before this time (exclusive).',
    schema: { type: 'string', format: 'date-time' },
  },
  ...PAGE_PARAMETERS,
];

/** The query parameters of `GET /v1/runs/{run_id}/node-runs`. */
export const NODE_RUN_LIST_PARAMETERS: readonly QueryParameter[] = [
  statesParameter(NODE_RUN_STATES),
  { name: 'node_type_id', description: 'Only node runs of this node type id.', schema: { type: 'string' } },
  {
    name: 'parent_node_run_id',
    description: 'Only the children of this node run, not those further below.',
    schema: { type: 'string' },
  },
  {
    name: 'kind',
    description: 'Only node runs of this kind; one whose kind is not known yet is of neither.',
    schema: { type: 'string', enum: [...NODE_KINDS] },
  },
  ...PAGE_PARAMETERS,
];

/** The query parameters of `GET /v1/approvals`. */
export const APPROVAL_LIST_PARAMETERS: readonly QueryParameter[] = [
  statesParameter(APPROVAL_STATES),
  { name: 'run_id', description: 'Only approvals of this run.', schema: { type: 'string' } },
  ...PAGE_PARAMETERS,
];

/**
 * Reads the query of `GET /v1/approvals`.
 *
 * @throws AppError invalid_request naming each bad parameter
 */
export function readApprovalListQuery(query: ListingQuery): ApprovalListOptions {
  const reader = new QueryReader(query, APPROVAL_LIST_PARAMETERS);
  return reader.done({
    states: reader.some('state', APPROVAL_STATES),
    runId: reader.text('run_id'),
    limit: reader.pageSize(),
    pageToken: reader.text('page_token'),
  });
}

/**
 * Reads the query of a listing that has no filters.
 *
 * @throws AppError invalid_request naming each bad parameter
 */
export function readPageQuery(query: ListingQuery): { readonly limit?: number; readonly pageToken?: string } {
  const reader = new QueryReader(query, PAGE_PARAMETERS);
  return reader.done({ limit: reader.pageSize(), pageToken: reader.text('page_token') });
}

/**
 * Reads the query of `GET /v1/runs`.
 *
 * @throws AppError invalid_request naming each bad parameter
 */
export function readRunListQuery(query: ListingQuery): RunListOptions {
  const reader = new QueryReader(query, RUN_LIST_PARAMETERS);
  return reader.done({
    states: reader.some('state', RUN_STATES),
    nodeTypeId: reader.text('node_type_id'),
    createdAfter: reader.instant('created_after'),
    createdBefore: reader.instant('created_before'),
    limit: reader.pageSize(),
    pageToken: reader.text('page_token'),
  });
}

/**
 * Reads the query of `GET /v1/runs/{run_id}/node-runs`.
 *
 * @throws AppError invalid_request naming each bad parameter
 */
export function readNodeRunListQuery(query: ListingQuery): NodeRunListOptions {
  const reader = new QueryReader(query, NODE_RUN_LIST_PARAMETERS);
  return reader.done({
    states: reader.some('state', NODE_RUN_STATES),
    nodeTypeId: reader.text('node_type_id'),
    parentNodeRunId: reader.text('parent_node_run_id'),
    kind: reader.one('kind', NODE_KINDS),
    limit: reader.pageSize(),
    pageToken: reader.text('page_token'),
  });
}

function statesParameter(states: readonly string[]): QueryParameter {
  return {
    name: 'state',
    description: 'Only those in this state. Several are separated by commas, or the parameter is repeated.',
    schema: { type: 'array', items: { type: 'string', enum: [...states] } },
  };
}

/** What is left of `T` when the undefined values are left out. */
type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Reads parameters one by one and keeps what is wrong with them. An empty value counts as not given. */
export class QueryReader {
  private readonly issues: Issue[];

  constructor(
    private readonly query: ListingQuery,
    known: readonly QueryParameter[],
  ) {
    const names = known.map(({ name }) => name);
    // A filter with a misspelt name would filter nothing, and the caller would take everything for the answer.
    this.issues = Object.keys(query)
      .filter((name) => !names.includes(name))
      .map((name) => ({ path: name, message: `is not a parameter of this listing, which has ${names.join(', ')}` }));
  }

  text(name: string): string | undefined {
    const values = this.values(name);
    const [value] = values;
    if (values.length > 1) return this.wrong(name, 'must be given once');
    if (value?.includes('\0') === true) return this.wrong(name, 'must not hold U+0000');
    return value;
  }

  one<V extends string>(name: string, allowed: readonly V[]): V | undefined {
    const value = this.text(name);
    if (value === undefined || isOneOf(allowed, value)) return value;
    return this.wrong(name, `must be one of ${allowed.join(', ')}`);
  }

  some<V extends string>(name: string, allowed: readonly V[]): V[] | undefined {
    const values = new Set(this.values(name).flatMap((value) => value.split(',')));
    if (values.size === 0) return undefined;
    const good = allowed.filter((value) => values.has(value));
    if (good.length === values.size) return good;
    return this.wrong(name, `must be one or more of ${allowed.join(', ')}, separated by commas`);
  }

  instant(name: string): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const instant = readInstant(text);
    if (instant !== undefined) return instant;
    return this.wrong(
      name,
      'must be an RFC 3339 date-time with a time zone, such as 2026-01-31T12:00:00Z (in a URL a + is written %2B)',
    );
  }

  pageSize(most = MAX_PAGE_SIZE): number | undefined {
    const text = this.text('limit');
    if (text === undefined) return undefined;
    const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
    if (value >= 1 && value <= most) return value;
    return this.wrong('limit', `must be a whole number from 1 to ${most}`);
  }

  /** @throws AppError invalid_request when anything was wrong */
  done<T extends object>(read: T): Given<T> {
    if (this.issues.length > 0) throw invalidRequest(this.issues);
    return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)) as Given<T>;
  }

  private values(name: string): string[] {
    const value = this.query[name];
    return (typeof value === 'string' ? [value] : [...(value ?? [])]).filter((text) => text !== '');
  }

  private wrong(path: string, message: string): undefined {
    this.issues.push({ path, message });
    return undefined;
  }
}

function isOneOf<V extends string>(allowed: readonly V[], value: string): value is V {
  return (allowed as readonly string[]).includes(value);
}
