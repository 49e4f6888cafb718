import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { manifestOf } from '@arp-jarvis/node-pack-sdk';
import type { JsonObject, Node } from '@arp-jarvis/node-pack-sdk';
import { createGuardedHttp } from '@arp-jarvis/node-pack-sdk/runtime';
import type { EgressRules, GuardedHttpOptions } from '@arp-jarvis/node-pack-sdk/runtime';
import { createTestContext, testNodePack } from '@arp-jarvis/node-pack-sdk/testing';
import { getNode } from './get.js';
import { headNode } from './head.js';
import pack from './index.js';
import { mockUpstream } from './mock-upstream.js';

const servers: Server[] = [];
const clients: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((settle) => server.close(settle));
  }
});

/** @returns its URL */
async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function run(
  node: Node,
  inputs: JsonObject,
  { rules = {}, ...options }: Partial<GuardedHttpOptions> & { rules?: Partial<EgressRules> } = {},
): Promise<JsonObject> {
  const { ctx } = createTestContext();
  const http = createGuardedHttp(
    { declared: node.egress ?? [], block: [], allowPrivate: [], ...rules },
    { signal: ctx.signal, onCall: () => undefined, ...options },
  );
  clients.push(http);
  return Promise.resolve(node.run(inputs, { ...ctx, http }));
}

const LOOPBACK = { rules: { declared: ['*:*'], allowPrivate: ['127.0.0.1'] } };
const MOCK = { mockUpstream };

describe('the pack', () => {
  it('keeps what it promises, and its manifest is what its code says', async () => {
    await testNodePack(pack);
    const file = new URL('../jarvis.nodepack.json', import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(manifestOf(pack))));
  });
});

describe('jarvis.http_fetch', () => {
  it('gives text as it is written, and JSON as what it says', async () => {
    const url = await listen((request, response) => {
      const { headers } = request;
      if (request.url === '/json') {
        response.setHeader('content-type', 'application/problem+json; charset=utf-8');
        response.end(JSON.stringify({ asked: headers['x-asked'], list: [1] }));
      } else if (request.url === '/broken') {
        response.setHeader('content-type', 'application/json');
        response.end('{no');
      } else {
        response.setHeader('content-type', 'text/plain; charset=iso-8859-1');
        response.setHeader('set-cookie', ['a=1', 'b=2']);
        response.end(Buffer.from('caf\u00e9', 'latin1'));
      }
    });
    const json = await run(getNode, { url: `${url}/json`, headers: { 'x-asked': 'yes' } }, LOOPBACK);
    expect(json).toMatchObject({ status: 200, status_text: 'OK', data: { asked: 'yes', list: [1] } });
    expect((await run(getNode, { url: `${url}/broken` }, LOOPBACK))['data']).toBe('{no');
    const text = await run(getNode, { url: `${url}/text#part` }, LOOPBACK);
    expect(text).toMatchObject({ data: 'caf\u00e9', bytes: 4, url: `${url}/text` });
    expect(text['headers']).toMatchObject({ 'set-cookie': 'a=1, b=2' });
    const head = await run(headNode, { url: `${url}/text` }, LOOPBACK);
    expect(head).toMatchObject({ status: 200, data: '', bytes: 0 });
  });

  it.each([404, 429, 500, 503])('has %s as a result', async (status) => {
    expect(await run(getNode, { url: `https://any.example/status/${status}` }, MOCK)).toMatchObject({ status });
  });

  it('follows redirects, and stops at what is too large or too late', async () => {
    const to = encodeURIComponent('https://b.example/json');
    expect(await run(getNode, { url: `https://a.example/redirect?to=${to}` }, MOCK)).toMatchObject({
      data: { url: 'https://b.example/json', ok: true },
      url: 'https://b.example/json',
    });
    const large = run(getNode, { url: 'https://a.example/bytes/1001', max_size: 1_000 }, MOCK);
    await expect(large).rejects.toMatchObject({ code: 'response_too_large' });
    const byDefault = run(getNode, { url: `https://a.example/bytes/${1_048_577}` }, MOCK);
    await expect(byDefault).rejects.toMatchObject({ code: 'response_too_large' });
    // A time below the schema's, so that nobody waits for it here.
    const late = run(getNode, { url: 'https://a.example/never', timeout: 50 }, MOCK);
    await expect(late).rejects.toMatchObject({ code: 'http_timeout', retryable: true });
  });

  it('has a page for every URL of the mock, with its name escaped', async () => {
    const page = await run(getNode, { url: 'https://example.com/%3Cscript%3E?q=1' }, MOCK);
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(page['data']).toMatch(/^<!doctype html>/);
    expect(page['data']).not.toContain('<script>');
  });
});

/** Ways to write or reach an address that is not public. */
const NOT_PUBLIC: readonly [string, string][] = [
  ['literal', 'http://127.0.0.1/'],
  ['decimal', 'http://2130706433/'],
  ['hexadecimal', 'http://0x7f000001/'],
  ['hexadecimal parts', 'http://0x7f.0x0.0x0.0x1/'],
  ['octal', 'http://0177.0.0.1/'],
  ['octal, whole', 'http://017700000001/'],
  ['two parts', 'http://127.1/'],
  ['three parts', 'http://127.0.1/'],
  ['zero', 'http://0/'],
  ['the unspecified address', 'http://0.0.0.0/'],
  ['full width digits', 'http://\uff11\uff12\uff17.0.0.1/'],
  ['a dot at the end', 'http://127.0.0.1./'],
  ['private, class A', 'http://10.1.2.3/'],
  ['private, class B', 'http://172.16.0.1/'],
  ['private, class C', 'http://192.168.1.1/'],
  ['shared by carriers', 'http://100.64.0.1/'],
  ['link-local', 'http://169.254.1.1/'],
  ['the metadata address', 'http://169.254.169.254/latest/meta-data/'],
  ['the metadata address, decimal', 'http://2852039166/'],
  ['the metadata address of Alibaba', 'http://100.100.100.200/'],
  ['the platform of Azure', 'http://168.63.129.16/'],
  ['multicast', 'http://224.0.0.1/'],
  ['broadcast', 'http://255.255.255.255/'],
  ['IPv6 loopback', 'http://[::1]/'],
  ['IPv6 loopback, long', 'http://[0:0:0:0:0:0:0:1]/'],
  ['IPv6 unspecified', 'http://[::]/'],
  ['IPv4-mapped, dotted', 'http://[::ffff:127.0.0.1]/'],
  ['IPv4-mapped, hexadecimal', 'http://[::ffff:7f00:1]/'],
  ['IPv4-mapped metadata', 'http://[::ffff:a9fe:a9fe]/'],
  ['IPv4-compatible', 'http://[::127.0.0.1]/'],
  ['NAT64', 'http://[64:ff9b::7f00:1]/'],
  ['NAT64, local', 'http://[64:ff9b:1::7f00:1]/'],
  ['6to4', 'http://[2002:7f00:1::]/'],
  ['Teredo', 'http://[2001:0:7f00:1::]/'],
  ['IPv6 link-local', 'http://[fe80::1]/'],
  ['IPv6 unique local', 'http://[fd00:ec2::254]/'],
];

describe('server-side request forgery', () => {
  const never = () => {
    throw new Error('something was asked');
  };

  it.each(NOT_PUBLIC)('%s is blocked, before anything is sent: %s', async (_, url) => {
    for (const node of [getNode, headNode]) {
      await expect(run(node, { url }, { mockUpstream: never, onCall: never })).rejects.toMatchObject({
        code: 'egress_denied',
        retryable: false,
      });
    }
  });

  it.each(NOT_PUBLIC)('a redirect to it is blocked: %s', async (_, url) => {
    const asked: string[] = [];
    const mock = (request: Request) => {
      asked.push(request.url);
      return mockUpstream(request);
    };
    const first = `http://example.com/redirect?to=${encodeURIComponent(url)}`;
    await expect(run(getNode, { url: first }, { mockUpstream: mock })).rejects.toMatchObject({
      code: 'egress_denied',
      message: expect.not.stringContaining('from https to http'),
    });
    expect(asked).toEqual([first]);
  });

  it.each([
    ['a user name', 'http://admin@example.com/', 'invalid_url'],
    ['a host behind a user name', 'http://example.com@127.0.0.1/', 'invalid_url'],
    ['a password', 'http://a:b@example.com/', 'invalid_url'],
    ['another scheme', 'ftp://example.com/', 'invalid_url'],
    ['a file', 'file:///etc/passwd', 'invalid_url'],
    ['data', 'data:text/plain,x', 'invalid_url'],
    ['another port', 'http://example.com:6379/', 'egress_denied'],
    ['a redirect to a file', 'http://example.com/redirect?to=file:///etc/passwd', 'invalid_url'],
    ['a redirect with a user name', 'http://example.com/redirect?to=http://a@example.com/', 'invalid_url'],
    ['a redirect from https to http', 'https://example.com/redirect?to=http://example.com/', 'egress_denied'],
  ])('%s is blocked: %s', async (_, url, code) => {
    await expect(run(getNode, { url }, MOCK)).rejects.toMatchObject({ code });
  });

  it.each(['metadata.google.internal', 'localhost', 'intranet.example'])(
    'the name %s is blocked where it leads to an address that is not public',
    async (host) => {
      for (const address of ['127.0.0.1', '169.254.169.254', '10.0.0.7', '::1', '::ffff:10.0.0.7', '64:ff9b::a00:7']) {
        const resolve = async () => [{ address, family: address.includes(':') ? 6 : 4 }];
        await expect(run(getNode, { url: `http://${host}/` }, { resolve })).rejects.toMatchObject({
          code: 'egress_denied',
          message: expect.not.stringContaining(address),
        });
      }
    },
  );

  it('a name with a good and a bad address is blocked', async () => {
    const resolve = async () => [
      { address: '93.184.216.34', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    await expect(run(getNode, { url: 'http://mixed.example/' }, { resolve })).rejects.toMatchObject({
      code: 'egress_denied',
    });
  });

  it('a name that changes its address between two requests is looked at again (DNS rebinding)', async () => {
    let hits = 0;
    const url = await listen((_, response) => {
      hits += 1;
      // The redirect needs a connection of its own, and so another look-up.
      response.writeHead(302, {
        location: `http://rebinding.example:${new URL(url).port}/secret`,
        connection: 'close',
      });
      response.end();
    });
    const answers = ['127.0.0.1', '127.0.0.2'];
    const asked: string[] = [];
    const resolve = async () => {
      const address = answers.shift() ?? 'none';
      asked.push(address);
      return [{ address, family: 4 }];
    };
    // 127.0.0.1 plays the public address here, 127.0.0.2 the one behind the wall.
    const rules = { declared: ['*:*'], allowPrivate: ['127.0.0.1'] };
    const call = run(getNode, { url: `http://rebinding.example:${new URL(url).port}/` }, { rules, resolve });
    await expect(call).rejects.toMatchObject({ code: 'egress_denied' });
    expect(asked).toEqual(['127.0.0.1', '127.0.0.2']);
    expect(hits).toBe(1);
  });
});
