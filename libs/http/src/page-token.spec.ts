import fc from 'fast-check';
import { AppError } from '#contract';
import { Pages, pagesOfNodeRuns, pagesOfRuns } from './page-token.js';

const AT = '2026-01-31T12:00:00.123456Z';
const POSITION = { createdAt: AT, id: 'run_1' };
const pages = pagesOfRuns({});

function refusalOf(read: () => unknown): unknown {
  try {
    read();
  } catch (error) {
    return error instanceof AppError ? [error.code, error.details] : error;
  }
  return undefined;
}

const refusedWith = (message: string) => ['invalid_request', { issues: [{ path: 'page_token', message }] }];

describe('page tokens', () => {
  it('carry a position to the microsecond', () => {
    expect(pages.read(undefined)).toBeUndefined();
    expect(pages.read(pages.write(POSITION))).toEqual(POSITION);
    expect(pages.write(POSITION)).toMatch(/^[\w-]+$/);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (id) => {
        fc.pre(!id.includes('\0'));
        expect(pages.read(pages.write({ createdAt: AT, id }))).toEqual({ createdAt: AT, id });
      }),
    );
  });

  it('belong to the filters, however these are written, and not to the size of the page', () => {
    const filtered = pagesOfRuns({ states: ['failed', 'queued'], limit: 5 });
    const same = pagesOfRuns({ states: ['queued', 'failed', 'queued'], limit: 7, pageToken: 'x' });
    expect(same.read(filtered.write(POSITION))).toEqual(POSITION);
    const others = [
      pagesOfRuns({}),
      pagesOfRuns({ states: ['failed'] }),
      pagesOfRuns({ states: ['failed', 'queued'], nodeTypeId: 'a' }),
      pagesOfRuns({ states: ['failed', 'queued'], createdAfter: AT }),
      pagesOfRuns({ states: ['failed', 'queued'], createdBefore: AT }),
      pagesOfNodeRuns('run_1', { states: ['failed', 'queued'] }),
    ];
    for (const other of others) {
      expect(refusalOf(() => other.read(filtered.write(POSITION)))).toEqual(
        refusedWith('belongs to a listing with other filters; leave it out to begin with the first page'),
      );
    }
    const ofRun = pagesOfNodeRuns('run_1', {});
    expect(refusalOf(() => pagesOfNodeRuns('run_2', {}).read(ofRun.write(POSITION)))).toBeDefined();
    expect(refusalOf(() => pagesOfNodeRuns('run_1', { kind: 'atomic' }).read(ofRun.write(POSITION)))).toBeDefined();
    expect(
      refusalOf(() =>
        pagesOfNodeRuns('run_1', { nodeTypeId: 'p' }).read(
          pagesOfNodeRuns('run_1', { parentNodeRunId: 'p' }).write(POSITION),
        ),
      ),
    ).toBeDefined();
  });

  it('that are broken are refused, whatever they are', () => {
    const content = JSON.parse(Buffer.from(pages.write(POSITION), 'base64url').toString()) as Record<string, unknown>;
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = pages.write(POSITION);
    const broken = [
      '!',
      'e30',
      `${token}=`,
      `${token} `,
      token.slice(0, -3),
      encoded(null),
      encoded([]),
      encoded('text'),
      encoded({ ...content, v: 2 }),
      encoded({ ...content, at: '2026-01-31T12:00:00Z' }),
      encoded({ ...content, at: 'infinity' }),
      encoded({ ...content, id: 7 }),
      encoded({ ...content, id: 'a\0b' }),
      encoded({ ...content, of: null }),
      Buffer.from([0xff, 0xfe]).toString('base64url'),
    ];
    for (const text of broken) {
      expect([text, refusalOf(() => pages.read(text))]).toEqual([
        text,
        refusedWith('is not a page token of this service'),
      ]);
    }
    fc.assert(fc.property(fc.string(), (text) => refusalOf(() => pages.read(text)) instanceof Array));
  });
});

describe('a page', () => {
  const items = ['a', 'b', 'c'].map((id) => ({ createdAt: AT, id }));
  const listing = new Pages(['letters']);

  it('says where the next one begins when there is one', () => {
    expect(listing.of(items, 2, (item) => item)).toEqual({
      items: items.slice(0, 2),
      pagination: { page_size: 2, next_page_token: listing.write({ createdAt: AT, id: 'b' }) },
    });
  });

  it('is the last one without a token', () => {
    expect(listing.of(items, 3, (item) => item)).toEqual({ items, pagination: { page_size: 3 } });
    expect(listing.of([], 3, (item: (typeof items)[number]) => item)).toEqual({
      items: [],
      pagination: { page_size: 3 },
    });
  });
});
