import type { ServerResponse } from 'node:http';
import { envelope, reply, startFakeService } from '../../test/fake-service.js';
import type { FakeService, ServiceRequest } from '../../test/fake-service.js';
import { cachedTokens, staticToken } from '../tokens/token-provider.js';
import { ArpClient } from './arp.client.js';
import type { ArpClientOptions } from './arp.client.js';
import {
  ArpAuthError,
  ArpConflictError,
  ArpError,
  ArpInvalidRequestError,
  ArpNetworkError,
  ArpNotFoundError,
  ArpOverloadedError,
  ArpTimeoutError,
} from './arp-errors.js';

const RUN = { run_id: 'r', state: 'running', root_node_run_id: 'n' };
const REQUEST = { root_node_type_ref: { node_type_id: 'jarvis.core.echo', version: '0.1.0' }, input: {} };

describe('ArpClient', () => {
  let service: FakeService;
  let answers: ((request: ServiceRequest, response: ServerResponse) => void)[];
  const client = (more: Partial<ArpClientOptions> = {}) =>
    new ArpClient({ baseUrl: `${service.url}/`, retry: { minDelayMs: 1, maxDelayMs: 2 }, ...more });
  const say =
    (status: number, body: unknown, headers: Record<string, string> = {}) =>
    (_: ServiceRequest, response: ServerResponse) =>
      reply(response, status, body, headers);

  beforeEach(async () => {
    answers = [];
    service = await startFakeService((request, response) => (answers.shift() ?? say(200, RUN))(request, response));
  });
  afterEach(() => service.stop());

  it('starts a run with a key, the same over repetitions, another for each run', async () => {
    const arp = client();
    answers.push((_, response) => void response.destroy(), say(503, envelope('overloaded', true)));
    expect(await arp.runs.start(REQUEST)).toEqual(RUN);
    await arp.runs.start(REQUEST);
    await arp.runs.start(REQUEST, { idempotencyKey: 'a "key"\\' });
    const keys = service.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(keys[3]).not.toBe(keys[0]);
    expect(keys[4]).toBe('"a \\"key\\"\\\\"');
    const ids = service.requests
      .slice(0, 3)
      .map(({ headers }) => [headers['x-request-id'], headers['x-correlation-id']]);
    expect(new Set(ids.flat()).size).toBe(1);
    expect(JSON.parse(service.requests[0]?.text ?? '')).toEqual(REQUEST);
  });

  it.each([
    [400, 'invalid_request', ArpInvalidRequestError],
    [401, 'unauthorized', ArpAuthError],
    [403, 'forbidden', ArpAuthError],
    [404, 'run_not_found', ArpNotFoundError],
    [409, 'run_already_exists', ArpConflictError],
    [413, 'payload_too_large', ArpInvalidRequestError],
    [500, 'internal_error', ArpError],
    [503, 'overloaded', ArpOverloadedError],
  ])('%i %s', async (status, code, kind) => {
    const headers = { 'x-request-id': 'req_1', 'retry-after': '9' };
    answers.push(say(status, envelope(code, false, { details: { issues: [] } }), headers));
    const error: unknown = await client()
      .runs.get('r')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ArpError);
    expect((error as Error).constructor).toBe(kind);
    expect(error).toMatchObject({
      code,
      status,
      retryable: false,
      message: `It is ${code}.`,
      details: { issues: [] },
      requestId: 'req_1',
      retryAfter: 9,
    });
    expect(service.requests).toHaveLength(1);
  });

  it('names what is no answer of a service', async () => {
    answers.push(
      (_, response) => response.writeHead(500).end('<h1>Oops</h1>'),
      (_, response) => response.end('<h1>Welcome</h1>'),
      say(200, {}),
    );
    const arp = client();
    await expect(arp.runs.get('r')).rejects.toMatchObject({ message: 'The answer is 500: Oops.', code: 'http_500' });
    await expect(arp.runs.get('r')).rejects.toMatchObject({ code: 'invalid_response' });
    await expect(arp.runs.listPage()).rejects.toThrow(/lacks runs/);
    const nowhere = new ArpClient({ baseUrl: 'http://127.0.0.1:1', retry: { retries: 0 } });
    await expect(nowhere.runs.get('r')).rejects.toBeInstanceOf(ArpNetworkError);
    await expect(nowhere.nodeRuns.get('n')).rejects.toThrow(/coordinatorUrl/);
    await expect(nowhere.nodeTypes.list()).rejects.toThrow(/atomicExecutorUrl/);
  });

  it('asks for another token once when the first is refused', async () => {
    let issued = 0;
    const tokens = cachedTokens(async () => {
      issued += 1;
      return { token: `t${issued}`, expiresInSeconds: 3600 };
    });
    const arp = client({ tokens });
    await Promise.all([arp.runs.get('r'), arp.runs.get('r')]);
    answers.push(say(401, envelope('unauthorized')));
    await arp.runs.get('r');
    expect(service.requests.map(({ headers }) => headers.authorization)).toEqual(
      ['t1', 't1', 't1', 't2'].map((token) => `Bearer ${token}`),
    );
    answers.push(say(401, envelope('unauthorized')), say(401, envelope('unauthorized')));
    await expect(arp.runs.get('r')).rejects.toBeInstanceOf(ArpAuthError);
    expect(issued).toBe(3);
    const still = client({ tokens: staticToken('mine') });
    answers.push(say(401, envelope('unauthorized')));
    await expect(still.runs.get('r')).rejects.toBeInstanceOf(ArpAuthError);
    expect(service.requests).toHaveLength(7);
    const broken = client({ tokens: staticToken(() => Promise.reject(new Error('no vault'))) });
    await expect(broken.runs.get('r')).rejects.toThrow('no vault');
  });

  it('a token is replaced before its end', async () => {
    let issued = 0;
    const tokens = cachedTokens(async () => ({
      token: `t${(issued += 1)}`,
      expiresInSeconds: issued === 1 ? 0 : 3600,
    }));
    expect([await tokens.getToken(), await tokens.getToken(), await tokens.getToken()]).toEqual(['t1', 't2', 't2']);
    expect(await tokens.getToken({ refused: 't1' })).toBe('t2');
  });

  it('waits for the end of a run, not for ever', async () => {
    const arp = client();
    answers.push(say(200, RUN), say(200, { ...RUN, state: 'canceled' }));
    expect(await arp.runs.wait('r')).toMatchObject({ state: 'canceled' });
    await expect(arp.runs.wait('r', { timeoutMs: 30 })).rejects.toBeInstanceOf(ArpTimeoutError);
    await expect(arp.runs.wait('r', { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
  });

  it('reads listings page by page', async () => {
    const pages = (name: string) => [
      say(200, { [name]: [{ n: 1 }, { n: 2 }], pagination: { page_size: 2, next_page_token: 'p 2' } }),
      say(200, { [name]: [{ n: 3 }], pagination: { page_size: 2 } }),
    ];
    const arp = client();
    const all = async (listing: AsyncIterable<unknown>) => {
      const items: unknown[] = [];
      for await (const item of listing) items.push(item);
      return items;
    };
    answers.push(...pages('runs'), ...pages('node_runs'), ...pages('approvals'), ...pages('runs'));
    expect(await all(arp.runs.list({ state: ['queued', 'running'], limit: 2 }))).toEqual([
      { n: 1 },
      { n: 2 },
      { n: 3 },
    ]);
    expect(await all(arp.runs.nodeRuns('a/b'))).toHaveLength(3);
    expect(await all(arp.approvals.list({ state: 'pending' }))).toHaveLength(3);
    for await (const _ of arp.runs.list()) break;
    expect(service.requests.map(({ url }) => `${url.pathname}${url.search}`)).toEqual([
      '/v1/runs?state=queued&state=running&limit=2',
      '/v1/runs?state=queued&state=running&limit=2&page_token=p%202',
      '/v1/runs/a%2Fb/node-runs',
      '/v1/runs/a%2Fb/node-runs?page_token=p%202',
      '/v1/approvals?state=pending',
      '/v1/approvals?state=pending&page_token=p%202',
      '/v1/runs',
    ]);
  });

  it('decides on approvals', async () => {
    const arp = client();
    await arp.approvals.approve('a1', { comment: 'fine' });
    await arp.approvals.deny('a2');
    expect(service.requests.map(({ url, text }) => [url.pathname, text])).toEqual([
      ['/v1/approvals/a1:approve', '{"comment":"fine"}'],
      ['/v1/approvals/a2:deny', '{}'],
    ]);
  });
});
