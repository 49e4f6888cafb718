import { defineNode, jsonObjectOf, RetryableError, UPSTREAM_ERRORS, upstreamFailure } from '@arp-jarvis/node-pack-sdk';

const ENDPOINT = 'https://serpapi.com/search.json';
const TIMEOUT_MS = 30_000;
const MAX_BYTES = 4 * 1_048_576;
const QUERY = { type: 'string', minLength: 1, maxLength: 2_048 } as const;

export const searchNode = defineNode({
  id: 'jarvis.serpapi.search',
  description: 'Searches the web with SerpApi and returns what it answers, such as organic_results.',
  input: {
    type: 'object',
    properties: {
      q: { ...QUERY, description: 'What to search for.' },
      query: { ...QUERY, description: 'Another name of q; give one of them.' },
      engine: {
        type: 'string',
        pattern: '^[a-z0-9_]{1,64}$',
        description: "One of SerpApi's engines that take q. Default google.",
      },
      num: { type: 'integer', minimum: 1, maximum: 100, description: 'Most results.' },
      start: { type: 'integer', minimum: 0, maximum: 1_000, description: 'Results to leave out.' },
      location: { type: 'string', minLength: 1, maxLength: 200, description: 'Where the search comes from, a city.' },
      gl: { type: 'string', pattern: '^[a-zA-Z]{2}$', description: 'Country, such as us.' },
      hl: { type: 'string', pattern: '^[a-zA-Z-]{2,10}$', description: 'Language, such as en.' },
      safe: { enum: ['active', 'off'], description: 'Filter for adult content.' },
    },
    oneOf: [{ required: ['q'] }, { required: ['query'] }],
    additionalProperties: false,
  },
  output: { type: 'object', additionalProperties: true },
  sideEffect: 'read',
  trustTier: 'first_party',
  timeoutMs: 45_000,
  egress: ['serpapi.com'],
  credentials: ['serpapi'],
  budgetHints: { external_calls: 1 },
  errors: UPSTREAM_ERRORS,
  tags: ['web', 'search'],
  examples: [
    { inputs: { q: 'coffee', num: 2 } },
    {
      inputs: { query: 'coffee', engine: 'bing', location: 'Rome, Italy', gl: 'it', hl: 'it', safe: 'off', start: 10 },
    },
    { inputs: { q: 'mock:429' }, error: 'rate_limited' },
    { inputs: { q: 'mock:400' }, error: 'upstream_refused' },
    { inputs: { q: 'mock:503' }, error: 'upstream_error' },
  ],
  async run({ q, query, engine = 'google', ...rest }, ctx) {
    const url = new URL(ENDPOINT);
    const params = { engine, q: q ?? query ?? '', ...rest };
    for (const [name, value] of Object.entries(params)) url.searchParams.set(name, String(value));
    // The service takes the key nowhere else; nobody else sees this URL.
    url.searchParams.set('api_key', await ctx.credentials.get('serpapi'));
    const response = await ctx.http.fetch(url, {
      redirect: 'error',
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      headers: { accept: 'application/json' },
    });
    const answer = jsonObjectOf(await response.text());
    if (!response.ok) {
      throw upstreamFailure('SerpApi', response, typeof answer?.['error'] === 'string' ? answer['error'] : undefined);
    }
    if (answer === undefined) throw new RetryableError('SerpApi answered with no JSON.', { code: 'upstream_error' });
    return answer;
  },
});
