import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NodeError } from '../errors.js';
import type { EgressRules } from './egress-rules.js';
import { createGuardedHttp } from './guarded-http.js';
import type { GuardedHttp, GuardedHttpOptions } from './guarded-http.js';
import type { ResolveHost } from './guarded-lookup.js';

const LOOPBACK: EgressRules = { declared: ['*:*'], block: [], allowPrivate: ['127.0.0.0/8', '::1'] };
const PUBLIC_ONLY: EgressRules = { ...LOOPBACK, allowPrivate: [] };

const servers: Server[] = [];
const clients: GuardedHttp[] = [];

/** @returns the server's port */
async function listen(answer: RequestListener, host = '127.0.0.1'): Promise<number> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

function open(rules: EgressRules, options: Partial<GuardedHttpOptions> = {}): GuardedHttp {
  const client = createGuardedHttp(rules, {
    signal: new AbortController().signal,
    onCall: () => undefined,
    ...options,
  });
  clients.push(client);
  return client;
}

/** A resolver that answers from a table: each look-up of a name takes the next of its answers, the last for ever. */
function resolving(table: Record<string, string[][]>): ResolveHost & { asked: string[] } {
  const asked: string[] = [];
  const resolve: ResolveHost = async (hostname) => {
    asked.push(hostname);
    const answers = table[hostname] ?? [];
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer === undefined) throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return Object.assign(resolve, { asked });
}

async function failure(call: Promise<unknown>): Promise<NodeError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NodeError)) throw new Error(`no NodeError but ${String(error)}`, { cause: error });
  return error;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe('what the rules do not allow', () => {
  const rules: EgressRules = { ...LOOPBACK, declared: ['a.test', '*.b.test:*'] };

  it.each<[string, Partial<EgressRules>, string, string]>([
    [
      'nothing is declared',
      { declared: [] },
      'http://a.test/',
      'The node declares no hosts, so it cannot call a.test.',
    ],
    ['another host is', {}, 'http://c.test/', 'The node does not declare c.test, only a.test, *.b.test:*.'],
    ['another port is', {}, 'http://a.test:8080/', 'The node does not declare a.test:8080'],
    ['the operator allows others', { allow: ['*.b.test'] }, 'http://a.test/', "a.test is not on the operator's list"],
    ['the operator blocks it', { block: ['a.test'] }, 'http://a.test/', 'The operator has blocked a.test.'],
    ['the operator blocks it, at any port', { block: ['*.b.test'] }, 'http://x.b.test:99/', 'has blocked x.b.test:99.'],
    ['blocked and allowed', { allow: ['*'], block: ['*'] }, 'http://a.test/', 'The operator has blocked a.test.'],
  ])('is refused before anything is looked up: %s', async (_, change, url, message) => {
    const resolve = resolving({});
    let calls = 0;
    const client = open({ ...rules, ...change }, { resolve, onCall: () => (calls += 1) });
    const refused = await failure(client.fetch(url));
    expect(refused).toMatchObject({ code: 'egress_denied', kind: 'terminal' });
    expect(refused.message).toContain(message);
    expect([calls, resolve.asked]).toEqual([0, []]);
  });

  it.each([
    ['ftp://a.test/', 'not ftp'],
    ['file:///etc/passwd', 'not file'],
    ['data:text/plain,hello', 'not data'],
    ['http://s3cret@a.test/', 'user name or password'],
    ['http://user:s3cret@a.test/', 'user name or password'],
    ['/s3cret', 'cannot be read'],
    ['http://[s3cret', 'cannot be read'],
    ['http://1.2.3.256/?s3cret', 'cannot be read'],
    ['', 'cannot be read'],
  ])('an URL that is none or must not be: %s', async (url, message) => {
    const refused = await failure(open(rules).fetch(url));
    expect(refused).toMatchObject({ code: 'invalid_url', kind: 'terminal' });
    expect(refused.message).toContain(message);
    expect(refused.message).not.toContain('s3cret');
  });

  it('a rule that cannot be read is an error and not a rule without effect', () => {
    expect(() => open({ ...LOOPBACK, block: ['evil.*'] })).toThrow('"evil.*" is not a host pattern');
    expect(() => open({ ...LOOPBACK, allowPrivate: ['10.0.0.0/99'] })).toThrow('"10.0.0.0/99" is neither');
  });
});

describe('addresses that are not public', () => {
  const LITERALS = [
    ...['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001', '127.0.0.1.'],
    ...['0', '0.0.0.0', '10.0.0.1', '169.254.169.254', '0xa9fea9fe', '100.64.0.1', '192.168.0.1', '255.255.255.255'],
    ...['[::]', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:ffff:7f00:1]', '[::127.0.0.1]'],
    ...['[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[2001:0:1::1]', '[fe80::1]', '[fd00:ec2::254]', '[ff02::1]'],
    ...['①②⑦.0.0.1', '127。0。0。1', '%31%32%37.0.0.1'],
  ];

  it.each(LITERALS)('are refused as literals and never connected to: %s', async (host) => {
    let requests = 0;
    const port = await listen((_, response) => {
      requests += 1;
      response.end();
    });
    const refused = await failure(open(PUBLIC_ONLY).fetch(`http://${host}:${port}/?s3cret`));
    expect(refused).toMatchObject({ code: 'egress_denied', kind: 'terminal' });
    expect(refused.message).toMatch(/is not a public address \(.+\)\. The operator can allow/);
    expect(refused.message).not.toContain('s3cret');
    expect(requests).toBe(0);
  });

  it.each(LITERALS)('are refused when a redirect leads there: %s', async (host) => {
    let requests = 0;
    const port = await listen((_, response) => {
      requests += 1;
      response.end();
    });
    const location = Buffer.from(`http://${host}:${port}/`, 'utf8').toString('latin1');
    // Of loopback only this one address may be reached, where nothing but the redirect is.
    const from = await listen((_, response) => response.writeHead(302, { location }).end(), '127.0.0.9');
    const client = open({ ...LOOPBACK, allowPrivate: ['127.0.0.9'] });
    const refused = await failure(client.fetch(`http://127.0.0.9:${from}/`));
    expect(refused).toMatchObject({ code: 'egress_denied' });
    expect(requests).toBe(0);
  });

  it.each([
    ['one', ['127.0.0.1']],
    ['one of IPv6', ['::1']],
    ['one of IPv4 as IPv6', ['::ffff:127.0.0.1']],
    ['a good one first', ['93.184.215.14', '10.0.0.1']],
    ['a bad one first', ['10.0.0.1', '93.184.215.14']],
    ['one that is none', ['localhost']],
  ])('are refused when a name resolves to them: %s', async (_, addresses) => {
    let requests = 0;
    const port = await listen((__, response) => {
      requests += 1;
      response.end();
    });
    for (const scheme of ['http', 'https']) {
      const client = open(PUBLIC_ONLY, { resolve: resolving({ 'inner.test': [addresses] }) });
      const refused = await failure(client.fetch(`${scheme}://inner.test:${port}/?s3cret`));
      expect(refused).toMatchObject({ code: 'egress_denied', kind: 'terminal' });
      expect(refused.message).toMatch(/^inner\.test has an address that is not public/);
      // Which one is for the log alone: callers are not told what the names of a network stand for.
      expect(refused.message).not.toMatch(/\d\.\d|::|s3cret/);
      expect(String(refused.cause)).toContain(addresses.find((one) => !one.startsWith('93.')));
    }
    expect(requests).toBe(0);
  });

  it('are refused for localhost, as the system resolves it', async () => {
    const port = await listen((_, response) => response.end('inside'));
    expect(await failure(open(PUBLIC_ONLY).fetch(`http://localhost:${port}/`))).toMatchObject({
      code: 'egress_denied',
    });
    const allowed = await open(LOOPBACK).fetch(`http://localhost:${port}/`);
    expect(await allowed.text()).toBe('inside');
  });

  it('cannot be slipped in after the check: what was checked is what is connected to', async () => {
    let requests = 0;
    const port = await listen((_, response) => {
      requests += 1;
      response.setHeader('connection', 'close').end('allowed');
    });
    // Good at the first look-up, bad at the second, as a name with a short life would be.
    const resolve = resolving({ 'rebind.test': [['127.0.0.1'], ['127.0.0.2']] });
    const client = open({ ...LOOPBACK, allowPrivate: ['127.0.0.1'] }, { resolve });
    expect(await (await client.fetch(`http://rebind.test:${port}/`)).text()).toBe('allowed');
    expect(resolve.asked).toEqual(['rebind.test']);
    // A new connection is looked up and checked anew.
    expect(await failure(client.fetch(`http://rebind.test:${port}/`))).toMatchObject({ code: 'egress_denied' });
    expect(resolve.asked).toEqual(['rebind.test', 'rebind.test']);
    expect(requests).toBe(1);
  });

  it('are not reached over a connection that is still open: it leads to what was checked', async () => {
    const port = await listen((_, response) => response.end('allowed'));
    const resolve = resolving({ 'rebind.test': [['127.0.0.1'], ['127.0.0.2']] });
    const client = open({ ...LOOPBACK, allowPrivate: ['127.0.0.1'] }, { resolve });
    for (let call = 0; call < 3; call += 1) {
      // The connection is free again a moment after the last byte.
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await (await client.fetch(`http://rebind.test:${port}/`)).text()).toBe('allowed');
    }
    expect(resolve.asked).toHaveLength(1);
    const literal = client.fetch(`http://127.0.0.2:${port}/`);
    expect(await failure(literal)).toMatchObject({ code: 'egress_denied' });
  });
});

describe('redirects', () => {
  it('are followed with what belongs to the request, each counted as a call', async () => {
    const seen: unknown[] = [];
    const port: number = await listen((request, response) => {
      void bodyOf(request).then((body) => {
        seen.push([request.method, request.url, body, request.headers.authorization, request.headers['content-type']]);
        if (request.url === '/last') response.end('done');
        else {
          response
            .writeHead(request.url === '/first' ? 307 : 303, {
              location: request.url === '/first' ? '/second' : '/last',
            })
            .end('x');
        }
      });
    });
    let calls = 0;
    const response = await open(LOOPBACK, { onCall: () => (calls += 1) }).fetch(`http://127.0.0.1:${port}/first`, {
      method: 'POST',
      body: 'hello',
      headers: { authorization: 'Bearer own', 'content-type': 'text/own' },
    });
    expect(await response.text()).toBe('done');
    expect([response.url, response.redirected]).toEqual([`http://127.0.0.1:${port}/last`, true]);
    expect(seen).toEqual([
      ['POST', '/first', 'hello', 'Bearer own', 'text/own'],
      ['POST', '/second', 'hello', 'Bearer own', 'text/own'],
      ['GET', '/last', '', 'Bearer own', undefined],
    ]);
    expect(calls).toBe(3);
  });

  it('to another origin lose the secrets', async () => {
    let seen: IncomingMessage['headers'] = {};
    const there = await listen((request, response) => {
      seen = request.headers;
      response.end();
    });
    const here = await listen((_, response) =>
      response.writeHead(307, { location: `http://127.0.0.1:${there}/` }).end(),
    );
    const headers = {
      authorization: 'Bearer s3cret',
      cookie: 'id=s3cret',
      'proxy-authorization': 's3cret',
      'x-own': 'kept',
    };
    await open(LOOPBACK).fetch(`http://127.0.0.1:${here}/`, { headers });
    expect(seen['x-own']).toBe('kept');
    expect(JSON.stringify(seen)).not.toContain('s3cret');
  });

  it('are checked like the first URL', async () => {
    const inner = await listen((_, response) => response.end('inside'));
    let location = '';
    const port = await listen((_, response) => response.writeHead(302, { location }).end());
    const resolve = resolving({ 'inner.test': [['127.0.0.1']], 'outer.test': [['127.0.0.5']] });
    const rules = {
      ...LOOPBACK,
      declared: ['127.0.0.1:*', '*.test:*'],
      block: ['blocked.test'],
      allowPrivate: ['127.0.0.1'],
    };
    const refusals: unknown[] = [];
    for (location of [
      `http://outer.test:${inner}/`,
      `http://blocked.test:${inner}/`,
      'http://undeclared.example/',
      'file:///etc/passwd',
      `http://s3cret@127.0.0.1:${inner}/`,
    ]) {
      refusals.push((await failure(open(rules, { resolve }).fetch(`http://127.0.0.1:${port}/`))).code);
    }
    expect(refusals).toEqual(['egress_denied', 'egress_denied', 'egress_denied', 'invalid_url', 'invalid_url']);
    location = `http://inner.test:${inner}/`;
    expect(await (await open(rules, { resolve }).fetch(`http://127.0.0.1:${port}/`)).text()).toBe('inside');
  });

  it.each([
    [{}, 6],
    [{ maxRedirects: 2 }, 3],
    [{ maxRedirects: 0 }, 1],
    [{ redirect: 'error' }, 1],
  ] as const)('that go round in circles end: %j after %d requests', async (request, times) => {
    let requests = 0;
    const port = await listen((_, response) => {
      requests += 1;
      response.writeHead(302, { location: '/again' }).end();
    });
    const refused = await failure(open(LOOPBACK).fetch(`http://127.0.0.1:${port}/`, request));
    expect(refused).toMatchObject({ code: 'too_many_redirects', kind: 'terminal' });
    expect(requests).toBe(times);
  });

  it('are the response itself when asked so', async () => {
    const port = await listen((_, response) => response.writeHead(302, { location: '/there' }).end('moved'));
    const response = await open(LOOPBACK).fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location'), response.redirected]).toEqual([302, '/there', false]);
    expect(await response.text()).toBe('moved');
  });
});

describe('the budget of calls', () => {
  it('is kept, by calls at once too, and redirects count', async () => {
    let requests = 0;
    const port = await listen((request, response) => {
      requests += 1;
      if (request.url === '/r') response.writeHead(302, { location: '/' }).end();
      else response.end();
    });
    const client = open({ ...LOOPBACK, maxCalls: 3 });
    await client.fetch(`http://127.0.0.1:${port}/`);
    const ends = await Promise.allSettled([1, 2, 3].map(() => client.fetch(`http://127.0.0.1:${port}/`)));
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(await failure(client.fetch(`http://127.0.0.1:${port}/`))).toMatchObject({
      code: 'budget_exceeded',
      kind: 'terminal',
      details: { max_external_calls: 3 },
    });
    expect(requests).toBe(3);
    const redirected = open({ ...LOOPBACK, maxCalls: 1 }).fetch(`http://127.0.0.1:${port}/r`);
    expect(await failure(redirected)).toMatchObject({ code: 'budget_exceeded' });
    expect(requests).toBe(4);
  });
});
