import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { manifestOf } from '@arp-jarvis/node-pack-sdk';
import { createGuardedHttp } from '@arp-jarvis/node-pack-sdk/runtime';
import type { EgressRules } from '@arp-jarvis/node-pack-sdk/runtime';
import type { JsonObject, Node, NodeContext } from '@arp-jarvis/node-pack-sdk';
import { fetchNode } from './fetch.js';
import { getNode } from './get.js';
import pack from './index.js';

const ajv = addFormats.default(new Ajv2020({ allErrors: true, allowUnionTypes: true }));
const servers: Server[] = [];
const clients: { close(): Promise<void> }[] = [];

interface Seen {
  readonly method?: string;
  readonly url?: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A server that says what it was asked. @returns its URL */
async function listen(answer?: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    if (answer !== undefined) return answer(request, response);
    void request.toArray().then((chunks) => {
      const { method, url, headers } = request;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks as Buffer[]).toString('utf8') }));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Runs a node as an executor does: inputs and outputs must fit the schemas. */
async function run(node: Node, inputs: JsonObject, rules: Partial<EgressRules> = {}): Promise<JsonObject> {
  expectFits(node.input, inputs);
  const http = createGuardedHttp(
    { declared: ['*:*'], block: [], allowPrivate: ['127.0.0.1'], ...rules },
    { signal: new AbortController().signal, onCall: () => undefined },
  );
  clients.push(http);
  const outputs = await node.run(inputs, { http } as unknown as NodeContext);
  expectFits(node.output, outputs);
  return outputs;
}

function expectFits(schema: JsonObject, value: unknown): void {
  ajv.validate(schema, value);
  expect(ajv.errors).toBeNull();
}

function contentOf(outputs: JsonObject): Buffer {
  return Buffer.from(outputs['content_base64'] as string, 'base64');
}

function seenBy(outputs: JsonObject): Seen {
  return JSON.parse(contentOf(outputs).toString('utf8')) as Seen;
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe.each([fetchNode, getNode])('$id', (node) => {
  const nulls = Object.fromEntries(
    Object.keys(node.input['properties'] as object)
      .filter((key) => key !== 'url')
      .map((key) => [key, null]),
  );

  it('takes optional keys that are null as absent', async () => {
    const url = await listen();
    const [absent, asNull] = [await run(node, { url }), await run(node, { url, ...nulls })];
    expect(Object.keys(nulls)).toEqual(expect.arrayContaining(['method', 'headers', 'params', 'max_bytes']));
    expect(seenBy(asNull)).toEqual(seenBy(absent));
    expect(seenBy(absent)).toMatchObject({ method: 'GET', url: '/', body: '' });
  });

  it('returns status, headers, type, content and where it came from', async () => {
    const url = await listen((request, response) => {
      if (request.url !== '/there') return response.writeHead(302, { location: '/there' }).end();
      response.writeHead(404, { 'Content-Type': 'text/plain', 'X-Own': 'a', 'Set-Cookie': ['a=1', 'b=2'] });
      return response.end('nö');
    });
    const outputs = await run(node, { url });
    expect(outputs).toMatchObject({
      status_code: 404,
      content_type: 'text/plain',
      content_base64: Buffer.from('nö').toString('base64'),
      final_url: `${url}there`,
      content_bytes: 3,
    });
    expect(outputs['headers']).toEqual(
      expect.arrayContaining([
        { key: 'x-own', value: 'a' },
        { key: 'set-cookie', value: 'a=1' },
        { key: 'set-cookie', value: 'b=2' },
      ]),
    );
    const redirect = await run(node, { url, follow_redirects: false });
    expect(redirect).toMatchObject({ status_code: 302, final_url: url, content_bytes: 0, content_base64: '' });
    expect(redirect).not.toHaveProperty('content_type');
  });

  it('sends headers and appends params to the query, which stays as it was written', async () => {
    const url = await listen();
    const seen = seenBy(
      await run(node, {
        url: `${url}p?a=%20b&c#part`,
        headers: [
          { key: 'X-Own', value: 'one' },
          { key: 'x-own', value: 'two' },
        ],
        params: [
          { key: 'q', value: 'a&b=ü' },
          { key: 'q', value: '' },
        ],
      }),
    );
    expect(seen).toMatchObject({ url: '/p?a=%20b&c&q=a%26b%3D%C3%BC&q=', headers: { 'x-own': 'one, two' } });
    expect(seenBy(await run(node, { url, params: [{ key: 'a', value: 'b c' }] })).url).toBe('/?a=b+c');
  });

  it('returns large content as it is, up to max_bytes after decompression', async () => {
    const content = Buffer.from(Array.from({ length: 2 ** 21 }, (_, index) => index * 31));
    const url = await listen((request, response) => {
      if (request.url === '/gzip') response.setHeader('content-encoding', 'gzip').end(gzipSync(content));
      else response.end(content);
    });
    for (const path of ['', 'gzip']) {
      const outputs = await run(node, { url: url + path, max_bytes: content.byteLength });
      expect(contentOf(outputs).equals(content)).toBe(true);
      expect(outputs['content_bytes']).toBe(content.byteLength);
      for (const limit of [{}, { max_bytes: content.byteLength - 1 }]) {
        await expect(run(node, { url: url + path, ...limit })).rejects.toMatchObject({ code: 'response_too_large' });
      }
    }
  });

  it('fails with its declared errors, as retryable as it says', async () => {
    const loop = await listen((_, response) => response.writeHead(302, { location: '/' }).end());
    const silent = await listen(() => undefined);
    const failures: [string, JsonObject, Partial<EgressRules>?][] = [
      ['egress_denied', { url: loop }, { declared: node.egress }],
      ['egress_denied', { url: loop }, { allowPrivate: [] }],
      ['invalid_url', { url: 'ftp://example.com/', params: [{ key: 'a', value: 'b' }] }],
      ['invalid_url', { url: 'http://1.2.3.256/', params: [{ key: 'a', value: 'b' }] }],
      ['invalid_request', { url: loop, headers: [{ key: 'x y', value: 'z' }] }],
      ['too_many_redirects', { url: loop }],
      ['http_timeout', { url: silent, timeout_seconds: 0.1 }],
      ['http_unreachable', { url: 'http://127.0.0.1:2/' }],
    ];
    for (const [code, inputs, rules] of failures) {
      const error: unknown = await run(node, inputs, rules).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code, retryable: node.errors?.[code]?.retryable ?? false });
      expect(node.errors).toHaveProperty(code);
    }
  });

  it('does what its examples say', async () => {
    expect(node.examples?.length).toBeGreaterThan(0);
    for (const { inputs, error } of node.examples ?? []) {
      expect(error).toBeDefined();
      await expect(run(node, inputs, { declared: node.egress, allowPrivate: [] })).rejects.toMatchObject({
        code: error,
      });
    }
  });

  it('reads HEAD, whose content is empty', async () => {
    const url = await listen((_, response) => response.setHeader('content-length', 5_000_000).end());
    expect(await run(node, { url, method: 'HEAD' })).toMatchObject({ status_code: 200, content_bytes: 0 });
  });

  it.each([
    {},
    { url: 'not a url' },
    { url: 'http://a.test', method: 'TRACE' },
    { url: 'http://a.test', headers: { a: 'b' } },
    { url: 'http://a.test', params: [{ key: 'a' }] },
    { url: 'http://a.test', timeout_seconds: 0 },
    { url: 'http://a.test', max_bytes: 10_485_761 },
    { url: 'http://a.test', other: 1 },
  ])('refuses inputs: %j', (inputs) => expect(ajv.validate(node.input, inputs)).toBe(false));
});

describe('jarvis.web.fetch', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('sends %s', async (method) => {
    const body = method === 'GET' ? {} : { body: 'grüße' };
    const seen = seenBy(await run(fetchNode, { url: await listen(), method, ...body }));
    expect(seen).toMatchObject({ method, body: method === 'GET' ? '' : 'grüße' });
  });

  it('sends json with its type, unless a header names another, and a falsy value too', async () => {
    const url = await listen();
    const send = async (inputs: JsonObject) => {
      const { body, headers } = seenBy(await run(fetchNode, { url, method: 'POST', ...inputs }));
      return [body, headers['content-type']];
    };
    expect(await send({ json: { a: [1, null] } })).toEqual(['{"a":[1,null]}', 'application/json']);
    expect(await send({ json: 0, body: null })).toEqual(['0', 'application/json']);
    const headers = [{ key: 'Content-Type', value: 'application/ld+json' }];
    expect(await send({ json: [], headers })).toEqual(['[]', 'application/ld+json']);
    expect(await send({ body: '', json: null })).toEqual(['', 'text/plain;charset=UTF-8']);
    expect(await send({})).toEqual(['', undefined]);
  });

  it('refuses a body of GET, and json beside body', async () => {
    const url = await listen();
    const both = { url, method: 'POST', json: false, body: '' };
    await expect(run(fetchNode, both)).rejects.toMatchObject({ code: 'invalid_request', kind: 'terminal' });
    await expect(run(fetchNode, { url, body: 'x' })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('says that it may change something', () => {
    expect(fetchNode).toMatchObject({
      sideEffect: 'write',
      idempotent: false,
      trustTier: 'first_party',
      egress: ['*'],
    });
  });
});

describe('jarvis.web.get', () => {
  it('only reads, whatever it is asked for', () => {
    expect(getNode).toMatchObject({ sideEffect: 'read', idempotent: true, trustTier: 'first_party', egress: ['*'] });
    for (const change of [{ method: 'POST' }, { method: 'OPTIONS' }, { json: {} }, { body: 'x' }]) {
      expect(ajv.validate(getNode.input, { url: 'http://a.test', ...change })).toBe(false);
    }
  });
});

describe('the pack jarvis.web', () => {
  const beside = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

  it('has the version of its package', () => {
    expect(pack.version).toBe((JSON.parse(beside('../package.json')) as { version: string }).version);
  });

  it('has the manifest that its code gives (else: npm run build)', () => {
    expect(beside('../jarvis.nodepack.json')).toBe(`${JSON.stringify(manifestOf(pack), null, 2)}\n`);
  });
});
