import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { manifestOf } from '@arp-jarvis/node-pack-sdk';
import type { JsonObject } from '@arp-jarvis/node-pack-sdk';
import { createTestContext, testNodePack } from '@arp-jarvis/node-pack-sdk/testing';
import pack from './index.js';
import { mockUpstream } from './mock-upstream.js';
import { searchNode } from './search.js';

const KEY = 'k-0123456789abcdef';

async function search(inputs: JsonObject, key = KEY) {
  const { ctx, recorded } = createTestContext({
    credentials: { serpapi: key },
    http: (url, { headers = {} }) =>
      mockUpstream(new Request(url, { headers: Object.entries(headers) as [string, string][] })),
  });
  return { outputs: await searchNode.run(inputs, ctx), recorded };
}

describe('the pack', () => {
  it('keeps what it promises, and its manifest is what its code says', async () => {
    await testNodePack(pack);
    const file = new URL('../jarvis.nodepack.json', import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(manifestOf(pack))));
  });
});

describe('jarvis.serpapi.search', () => {
  const fits = new Ajv2020({ allowUnionTypes: true, strictRequired: false }).compile(searchNode.input);

  it.each([
    [{ q: 'a' }, true],
    [{ query: 'a' }, true],
    [{}, false],
    [{ q: 'a', query: 'a' }, false],
    [{ q: '' }, false],
    [{ q: 'a', num: 0 }, false],
    [{ q: 'a', num: 101 }, false],
    [{ q: 'a', safe: 'on' }, false],
    [{ q: 'a', api_key: 'mine' }, false],
    [{ q: 'a', engine: 'google&x=1' }, false],
  ])('takes %j: %s', (inputs, takes) => {
    expect(fits(inputs)).toBe(takes);
  });

  it('asks SerpApi as it wants to be asked, with either name of the query', async () => {
    const { outputs, recorded } = await search({ query: 'coffee & tea', num: 3, start: 10, gl: 'us', safe: 'active' });
    const { url, request } = recorded.httpCalls[0] ?? {};
    expect(`${url?.origin}${url?.pathname}`).toBe('https://serpapi.com/search.json');
    expect(Object.fromEntries(url?.searchParams ?? [])).toEqual({
      engine: 'google',
      q: 'coffee & tea',
      num: '3',
      start: '10',
      gl: 'us',
      safe: 'active',
      api_key: KEY,
    });
    expect(request).toMatchObject({ redirect: 'error' });
    expect(outputs['organic_results']).toHaveLength(3);
    expect(outputs['organic_results']).toMatchObject([{ position: 11 }, { position: 12 }, { position: 13 }]);
    expect(JSON.stringify([outputs, recorded.logs])).not.toContain(KEY);
    expect((await search({ q: 'coffee & tea', num: 3, start: 10, gl: 'us', safe: 'active' })).outputs).toEqual(outputs);
  });

  it.each([
    ['mock:429', { code: 'rate_limited', retryable: true, details: { status: 429, retry_after: 30 } }],
    ['mock:400', { code: 'upstream_refused', retryable: false, message: expect.stringContaining('answers 400') }],
    ['mock:403', { code: 'upstream_refused', retryable: false }],
    ['mock:500', { code: 'upstream_error', retryable: true }],
    ['mock:503', { code: 'upstream_error', retryable: true }],
    ['mock:html', { code: 'upstream_error', retryable: true }],
  ])('%s fails', async (q, error) => {
    await expect(search({ q })).rejects.toMatchObject(error);
  });

  it('says that the key is refused, without the key', async () => {
    const refused = search({ q: 'a' }, 'invalid');
    await expect(refused).rejects.toMatchObject({ code: 'credential_refused', retryable: false });
    await expect(refused).rejects.toThrow('SerpApi does not accept the credential.');
  });

  it('has no results as a result', async () => {
    expect((await search({ q: 'mock:nothing' })).outputs).toMatchObject({ organic_results: [] });
  });
});

describe('the mock upstream', () => {
  it.each([
    ['https://serpapi.com/search.json?q=a', 401],
    ['https://serpapi.com/search.json?api_key=k', 400],
    ['https://serpapi.com/account.json?api_key=k', 404],
    ['https://serpapi.com/search.json?q=a&api_key=k', 200],
  ])('answers %s with %s', (url, status) => {
    expect(mockUpstream(new Request(url)).status).toBe(status);
  });
});
