const INVALID_KEY = 'Invalid API key. Your API key should be here: https://serpapi.com/manage-api-key';
const DEFAULT_NUM = 10;

/**
 * SerpApi, imitated: results that follow from the request. The API key may be anything but `invalid`. Special queries:
 * - `mock:429`: too many requests, with Retry-After: 30
 * - `mock:<status>` from 400 to 599: that status, with a sentence
 * - `mock:nothing`: no results, as SerpApi says it
 * - `mock:html`: an answer that is no JSON
 */
export function mockUpstream(request: Request): Response {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname !== '/search.json' && pathname !== '/search') {
    return Response.json({ error: 'Not found.' }, { status: 404 });
  }
  const key = searchParams.get('api_key') ?? '';
  if (key === '' || key === 'invalid') return Response.json({ error: INVALID_KEY }, { status: 401 });
  const query = searchParams.get('q') ?? '';
  if (query === '') return Response.json({ error: 'Missing query `q` parameter.' }, { status: 400 });
  const special = /^mock:(.+)$/.exec(query)?.[1];
  if (special !== undefined) {
    const answer = specialAnswer(special);
    if (answer !== undefined) return answer;
  }
  return Response.json({ ...head(searchParams, query), organic_results: results(searchParams, query) });
}

function specialAnswer(special: string): Response | undefined {
  if (special === 'html') return new Response('<html>busy</html>', { headers: { 'content-type': 'text/html' } });
  if (special === 'nothing') {
    return Response.json({ error: "Google hasn't returned any results for this query.", organic_results: [] });
  }
  const status = Number(special);
  if (!Number.isInteger(status) || status < 400 || status > 599) return undefined;
  const headers: Record<string, string> = status === 429 ? { 'retry-after': '30' } : {};
  return Response.json({ error: `The mock upstream answers ${status}.` }, { status, headers });
}

function head(params: URLSearchParams, query: string) {
  return {
    search_metadata: { id: `mock-${encodeURIComponent(query)}`, status: 'Success' },
    search_parameters: Object.fromEntries([...params].filter(([name]) => name !== 'api_key')),
    search_information: { query_displayed: query, total_results: 1_000 },
  };
}

function results(params: URLSearchParams, query: string) {
  const start = Number(params.get('start') ?? 0);
  const count = Math.min(100, Number(params.get('num') ?? DEFAULT_NUM));
  const slug =
    query
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'search';
  return Array.from({ length: count }, (_, index) => {
    const position = start + index + 1;
    return {
      position,
      title: `${query}: result ${position}`,
      link: `https://example.com/${slug}/${position}`,
      displayed_link: `example.com › ${slug} › ${position}`,
      snippet: `What result ${position} says about ${query}.`,
    };
  });
}
