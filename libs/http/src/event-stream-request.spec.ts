import { AppError } from '#contract';
import { acceptedFormat, readEventStreamOptions } from './event-stream-request.js';

function issuesOf(read: () => unknown): unknown {
  try {
    read();
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_request') return error.details?.['issues'];
    throw error;
  }
  return undefined;
}

describe('readEventStreamOptions', () => {
  it('reads cursor, limit and follow; what is empty is not given', () => {
    expect(readEventStreamOptions({})).toEqual({ follow: false });
    expect(readEventStreamOptions({ cursor: '', limit: '', follow: '' })).toEqual({ follow: false });
    expect(readEventStreamOptions({ cursor: '0', limit: '1', follow: '1' })).toEqual({
      cursor: 0,
      limit: 1,
      follow: true,
    });
    expect(readEventStreamOptions({ cursor: '12', follow: 'true' })).toEqual({ cursor: 12, follow: true });
    expect(readEventStreamOptions({ follow: '0' })).toEqual({ follow: false });
    expect(readEventStreamOptions({ follow: 'false' })).toEqual({ follow: false });
  });

  it.each(['-1', '1.5', 'x', '1e3', ' 1', '9'.repeat(16), ['1', '2']])('refuses the cursor %j', (cursor) => {
    const message = 'must be a whole number of at least 0';
    expect(issuesOf(() => readEventStreamOptions({ cursor }))).toEqual([{ path: 'cursor', message }]);
  });

  it('names everything that is wrong', () => {
    expect(issuesOf(() => readEventStreamOptions({ cursor: 'x', limit: '0', follow: 'constructor' }))).toEqual([
      { path: 'cursor', message: 'must be a whole number of at least 0' },
      { path: 'limit', message: 'must be a whole number of at least 1' },
      { path: 'follow', message: 'must be 1 or 0' },
    ]);
  });

  it('takes Last-Event-ID as the cursor when no cursor is given', () => {
    expect(readEventStreamOptions({}, { 'last-event-id': '7' })).toEqual({ cursor: 7, follow: false });
    expect(readEventStreamOptions({ cursor: '' }, { 'last-event-id': '7' })).toEqual({ cursor: 7, follow: false });
    expect(readEventStreamOptions({ cursor: '3' }, { 'last-event-id': '7' })).toEqual({ cursor: 3, follow: false });
    expect(readEventStreamOptions({ cursor: '3' }, { 'last-event-id': 'x' })).toEqual({ cursor: 3, follow: false });
    expect(issuesOf(() => readEventStreamOptions({}, { 'last-event-id': 'x' }))).toEqual([
      { path: 'Last-Event-ID', message: 'must be a whole number of at least 0' },
    ]);
  });
});

describe('acceptedFormat', () => {
  it.each([
    [undefined, 'ndjson'],
    ['', 'ndjson'],
    ['*/*', 'ndjson'],
    ['application/x-ndjson', 'ndjson'],
    ['application/*', 'ndjson'],
    ['application/json', 'ndjson'],
    ['text/html, image/*', 'ndjson'],
    ['not a media type', 'ndjson'],
    ['text/event-stream', 'sse'],
    ['Text/Event-Stream', 'sse'],
    ['text/*', 'sse'],
    ['text/event-stream, */*', 'sse'],
    ['application/json, text/event-stream', 'sse'],
    ['application/x-ndjson, text/event-stream', 'ndjson'],
    ['text/event-stream, application/x-ndjson', 'sse'],
    ['text/event-stream;q=0.5, application/x-ndjson', 'ndjson'],
    ['text/event-stream;q=0.9, application/x-ndjson;q=0.1', 'sse'],
    ['text/event-stream;q=0.1, */*;q=0.9', 'ndjson'],
    ['text/event-stream;q=0', 'ndjson'],
    ['application/x-ndjson;q=0, */*', 'sse'],
  ])('%j is answered with %s', (accept, format) => {
    expect(acceptedFormat(accept === undefined ? {} : { accept })).toBe(format);
  });
});
