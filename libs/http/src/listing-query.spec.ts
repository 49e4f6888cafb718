import { AppError } from '#contract';
import { readNodeRunListQuery, readRunListQuery } from './listing-query.js';
import type { ListingQuery } from './listing-query.js';

function pathsRefused(read: (query: ListingQuery) => unknown, query: ListingQuery): unknown {
  try {
    return read(query);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'invalid_request') throw error;
    return (error.details?.['issues'] as { path: string }[]).map(({ path }) => path);
  }
}

describe('the query of a listing', () => {
  it('is empty, or names filters once or several times', () => {
    expect(readRunListQuery({})).toEqual({});
    expect(readRunListQuery({ state: '', node_type_id: '', limit: '', page_token: '', created_after: '' })).toEqual({});
    expect(
      readRunListQuery({
        state: ['running,queued', 'failed', 'queued'],
        node_type_id: 'a.b',
        created_after: '2026-01-31T12:00:00+01:00',
        created_before: '2026-02-01T00:00:00.0000001Z',
        limit: '500',
        page_token: 't',
      }),
    ).toEqual({
      states: ['queued', 'running', 'failed'],
      nodeTypeId: 'a.b',
      createdAfter: '2026-01-31T11:00:00.000000Z',
      createdBefore: '2026-02-01T00:00:00.000001Z',
      limit: 500,
      pageToken: 't',
    });
    expect(
      readNodeRunListQuery({
        state: 'assigned',
        node_type_id: 'a',
        parent_node_run_id: 'p',
        kind: 'atomic',
        limit: '1',
      }),
    ).toEqual({ states: ['assigned'], nodeTypeId: 'a', parentNodeRunId: 'p', kind: 'atomic', limit: 1 });
  });

  it.each<[string, ListingQuery]>([
    ['state', { state: 'assigned' }],
    ['state', { state: 'queued,' }],
    ['state', { state: ['queued', 'Failed'] }],
    ['node_type_id', { node_type_id: ['a', 'b'] }],
    ['node_type_id', { node_type_id: 'a\0' }],
    ['created_after', { created_after: '2026-01-31' }],
    ['created_before', { created_before: '2026-01-31T12:00:00 01:00' }],
    ['limit', { limit: '0' }],
    ['limit', { limit: '501' }],
    ['limit', { limit: '-1' }],
    ['limit', { limit: '1.5' }],
    ['limit', { limit: '1e2' }],
    ['limit', { limit: ['1', '2'] }],
    ['page_token', { page_token: ['a', 'b'] }],
    ['stat', { stat: 'queued' }],
    ['kind', { kind: 'atomic' }],
  ])('of runs is refused at %s: %j', (path, query) => {
    expect(pathsRefused(readRunListQuery, query)).toEqual([path]);
  });

  it('of node runs is refused at every bad parameter at once', () => {
    const query = { state: 'done', kind: 'atom', limit: 'x', created_after: '2026-01-31T12:00:00Z' };
    expect(pathsRefused(readNodeRunListQuery, query)).toEqual(['created_after', 'state', 'kind', 'limit']);
  });
});
