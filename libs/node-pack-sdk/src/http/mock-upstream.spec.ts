import { NodeError } from '../errors.js';
import type { EgressRules } from './egress-rules.js';
import { createGuardedHttp } from './guarded-http.js';
import type { GuardedHttp } from './guarded-http.js';
import { mockUpstreamOf } from './mock-upstream.js';
import type { MockUpstream } from './mock-upstream.js';

const RULES: EgressRules = { declared: ['a.test', 'b.test'], block: [], allowPrivate: [] };
const clients: GuardedHttp[] = [];
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));

function open(mockUpstream: MockUpstream, rules: Partial<EgressRules> = {}) {
  const asked: string[] = [];
  const counted = { calls: 0, lookups: 0 };
  const client = createGuardedHttp(
    { ...RULES, ...rules },
    {
      signal: new AbortController().signal,
      onCall: () => (counted.calls += 1),
      resolve: async () => {
        counted.lookups += 1;
        return [{ address: '93.184.216.34', family: 4 }];
      },
      mockUpstream: (request) => {
        asked.push(`${request.method} ${request.url}`);
        return mockUpstream(request);
      },
    },
  );
  clients.push(client);
  return { client, asked, counted };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NodeError)) throw new Error(`no NodeError but ${String(error)}`, { cause: error });
  return error.code;
}

describe('a mock upstream', () => {
  it('is given the request as it would be sent, and looks nothing up', async () => {
    const { client, asked, counted } = open(async (request) =>
      Response.json({
        body: await request.text(),
        type: request.headers.get('content-type'),
        agent: request.headers.get('user-agent'),
      }),
    );
    const response = await client.fetch('https://a.test/x?y=1#z', {
      method: 'POST',
      headers: { 'content-type': 'text/x', host: 'other' },
      body: 'hello',
    });
    expect(response.url).toBe('https://a.test/x?y=1');
    expect(await response.json()).toEqual({
      body: 'hello',
      type: 'text/x',
      agent: expect.stringContaining('node-pack-sdk'),
    });
    expect(asked).toEqual(['POST https://a.test/x?y=1']);
    expect(counted).toEqual({ calls: 1, lookups: 0 });
  });

  it.each([
    ['a host that is not declared', 'https://c.test/', {}, 'egress_denied'],
    ['a private address', 'http://127.0.0.1/', { declared: ['*'] }, 'egress_denied'],
    ['a host that the operator blocks', 'https://a.test/', { block: ['a.test'] }, 'egress_denied'],
    ['no host of the call', 'https://b.test/', { call: { allow: ['a.test'] } }, 'egress_denied'],
    ['what is not http', 'ftp://a.test/', {}, 'invalid_url'],
    ['one call too many', 'https://a.test/', { maxCalls: 0 }, 'budget_exceeded'],
  ])('is not asked for %s', async (_, url, rules, code) => {
    const { client, asked } = open(() => new Response('x'), rules);
    expect(await codeOf(client.fetch(url))).toBe(code);
    expect(asked).toEqual([]);
  });

  it('redirects by the same rules, each counted', async () => {
    const to = (location: string) => () => new Response(null, { status: 302, headers: { location } });
    const bad = open(to('http://169.254.169.254/'), { declared: ['*'] });
    expect(await codeOf(bad.client.fetch('http://a.test/'))).toBe('egress_denied');
    expect(bad.asked).toEqual(['GET http://a.test/']);
    const good = open((request) => (request.url === 'https://a.test/' ? to('https://b.test/')() : new Response('ok')));
    const response = await good.client.fetch('https://a.test/');
    expect([await response.text(), response.redirected, response.url]).toEqual(['ok', true, 'https://b.test/']);
    expect(good.counted.calls).toBe(2);
    const round = open(to('https://a.test/'));
    expect(await codeOf(round.client.fetch('https://a.test/', { maxRedirects: 2 }))).toBe('too_many_redirects');
    expect(round.asked).toHaveLength(3);
  });

  it('is cut at maxBytes, told or not', async () => {
    const told = open(() => new Response('x'.repeat(100), { headers: { 'content-length': '100' } }));
    expect(await codeOf(told.client.fetch('https://a.test/', { maxBytes: 99 }))).toBe('response_too_large');
    const untold = open(() => new Response('x'.repeat(100)));
    const response = await untold.client.fetch('https://a.test/', { maxBytes: 99 });
    expect(await codeOf(response.text())).toBe('response_too_large');
  });

  it('is not waited for longer than the call may take, neither for the head nor for the body', async () => {
    const never = open(() => new Promise<never>(() => undefined));
    expect(await codeOf(never.client.fetch('https://a.test/', { timeoutMs: 30 }))).toBe('http_timeout');
    const stuck = open(() => new Response(new ReadableStream({ pull: () => new Promise<never>(() => undefined) })));
    const response = await stuck.client.fetch('https://a.test/', { timeoutMs: 500 });
    expect(await codeOf(response.text())).toBe('http_timeout');
  });

  it('has no body for HEAD, and breaks the connection when it throws', async () => {
    const { client } = open(() => new Response('x'));
    expect(await (await client.fetch('https://a.test/', { method: 'HEAD' })).text()).toBe('');
    const broken = open(() => {
      throw new TypeError('gone');
    });
    expect(await codeOf(broken.client.fetch('https://a.test/'))).toBe('http_unreachable');
    const nothing = open(() => undefined as never);
    expect(await codeOf(nothing.client.fetch('https://a.test/'))).toBe('http_unreachable');
  });
});

describe('who answers a pack', () => {
  it('is the network, or its own imitation, or nobody with a sentence', async () => {
    const own: MockUpstream = () => new Response('own');
    expect(mockUpstreamOf('live', { id: 'acme.a', mockUpstream: own })).toBeUndefined();
    expect(mockUpstreamOf('mock', { id: 'acme.a', mockUpstream: own })).toBe(own);
    const { client } = open(mockUpstreamOf('mock', { id: 'acme.a' }) as MockUpstream);
    await expect(client.fetch('https://a.test/')).rejects.toMatchObject({
      code: 'mock_upstream_missing',
      kind: 'terminal',
      message: expect.stringContaining('acme.a has no mockUpstream'),
    });
  });
});
