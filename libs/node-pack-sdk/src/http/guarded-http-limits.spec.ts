import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { NodeError } from '../errors.js';
import { createGuardedHttp } from './guarded-http.js';
import type { GuardedHttp } from './guarded-http.js';

const RULES = { declared: ['*:*'], block: [], allowPrivate: ['127.0.0.0/8'] };
const MIB = 1024 * 1024;

const servers: TcpServer[] = [];
const sockets = new Set<Socket>();
const clients: GuardedHttp[] = [];
let controller: AbortController;
let client: GuardedHttp;

function open(): GuardedHttp {
  const opened = createGuardedHttp(RULES, {
    signal: controller.signal,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    onCall: () => undefined,
  });
  clients.push(opened);
  return opened;
}

/** @returns the URL of a server that is closed after the test */
async function serve(server: TcpServer | Server): Promise<string> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function answering(answer: RequestListener): Promise<string> {
  return serve(createServer(answer));
}

/** A server that writes these bytes whatever it is sent, and then keeps the connection. */
function saying(text: string, { end = false } = {}): Promise<string> {
  return serve(
    createTcpServer((socket) => {
      socket.once('data', () => (end ? socket.end(text) : socket.write(text)));
    }),
  );
}

async function failure(call: Promise<unknown>): Promise<Error & { code?: unknown; kind?: unknown }> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) throw new Error('it did not fail');
  return error as Error;
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds() && tries < 1_000; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(holds()).toBe(true);
}

beforeEach(() => {
  controller = new AbortController();
  client = open();
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((one) => one.close()));
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  await until(() => sockets.size === 0);
});

describe('a request', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'patch'])(
    'has its method and body: %s',
    async (method) => {
      const url = await answering((request, response) => {
        void request.toArray().then((body) => {
          response.setHeader('content-type', 'application/json');
          response.end(
            JSON.stringify({ method: request.method, body: Buffer.concat(body as Buffer[]).toString('base64') }),
          );
        });
      });
      const body = method === 'GET' ? undefined : Uint8Array.of(0, 255, 10);
      const response = await client.fetch(url, { method, ...(body === undefined ? {} : { body }) });
      const expected = { method: method.toUpperCase(), body: Buffer.from(body ?? []).toString('base64') };
      expect(await response.json()).toEqual(expected);
    },
  );

  it('tells its trace and who calls, and nothing of the connection that the handler made up', async () => {
    let seen: IncomingHttpHeaders = {};
    const url = await answering((request, response) => {
      seen = request.headers;
      response.end();
    });
    await client.fetch(url, { headers: { host: 'evil.test', connection: 'upgrade', upgrade: 'x', 'x-own': 'ü' } });
    expect(seen).toMatchObject({
      host: new URL(url).host,
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'user-agent': expect.stringMatching(/^arp-jarvis-node-pack-sdk\/\d+\.\d+\.\d+/),
      'x-own': 'ü',
    });
    expect(seen).not.toHaveProperty('upgrade');
  });

  it.each([
    { timeoutMs: 0 },
    { timeoutMs: NaN },
    { maxBytes: -1 },
    { maxRedirects: NaN },
    { redirect: 'never' as never },
  ])('with a limit that is none is refused: %j', async (request) =>
    expect(await failure(client.fetch('http://a.test', request))).toMatchObject({ code: 'invalid_request' }),
  );
});

describe('a response', () => {
  it.each([200, 201, 204, 304, 400, 401, 403, 404, 429, 500, 503, 599, 999])(
    'with status %d is one',
    async (status) => {
      const url = await answering((_, response) => response.writeHead(status, { 'x-own': 'a' }).end('said'));
      const response = await client.fetch(url, { method: 'POST', body: 'x' });
      expect([response.status, response.ok, response.url]).toEqual([status, status >= 200 && status < 300, url]);
      expect(await response.text()).toBe(status === 204 || status === 304 ? '' : 'said');
      expect(response).toBeInstanceOf(Response);
    },
  );

  it('keeps its headers, each cookie for itself, and is the same when cloned', async () => {
    const url = await answering((_, response) => {
      response.writeHead(200, 'Fine', [
        ...['content-type', 'text/plain; charset=utf-8', 'Set-Cookie', 'a=1, b', 'set-cookie', 'c=2'],
        ...['x-many', '1', 'x-many', '2'],
      ]);
      response.end('grüße');
    });
    const response = await client.fetch(`${url}?q#part`);
    const copy = response.clone();
    for (const one of [response, copy]) {
      expect([one.url, one.statusText, one.headers.get('x-many')]).toEqual([`${url}?q`, 'Fine', '1, 2']);
      expect(one.headers.getSetCookie()).toEqual(['a=1, b', 'c=2']);
      expect(await one.text()).toBe('grüße');
    }
  });

  it('of HEAD has no body, whatever length it tells', async () => {
    const url = await answering((_, response) => {
      response.writeHead(200, { 'content-length': 50 * MIB, 'content-encoding': 'gzip' }).end();
    });
    const response = await client.fetch(url, { method: 'HEAD', maxBytes: 10 });
    expect([response.body, response.headers.get('content-length')]).toEqual([null, String(50 * MIB)]);
  });
});

describe('maxBytes', () => {
  it('refuses by the length that is told, before anything is read', async () => {
    const url = await answering((_, response) => response.writeHead(200, { 'content-length': 11 }).write('x'));
    expect(await failure(client.fetch(url, { maxBytes: 10 }))).toMatchObject({
      code: 'response_too_large',
      kind: 'terminal',
    });
    await until(() => sockets.size === 0);
  });

  it.each<[string, (body: Buffer) => Buffer]>([
    ['identity', (body) => body],
    ['gzip', (body) => gzipSync(body)],
    ['deflate', (body) => deflateSync(body)],
    ['br', (body) => brotliCompressSync(body)],
    ['gzip, gzip', (body) => gzipSync(gzipSync(body))],
  ])('counts what is read, after decompression of %s', async (encoding, encode) => {
    const answer = (bytes: number) => (response: ServerResponse) => {
      if (encoding !== 'identity') response.setHeader('content-encoding', encoding);
      response.write(encode(Buffer.alloc(bytes, 'a')));
      response.end();
    };
    const url = await answering((request, response) => answer(request.url === '/more' ? MIB + 1 : MIB)(response));
    const whole = await client.fetch(url, { maxBytes: MIB });
    expect((await whole.arrayBuffer()).byteLength).toBe(MIB);
    const more = await client.fetch(`${url}more`, { maxBytes: MIB });
    expect(await failure(more.arrayBuffer())).toMatchObject({
      code: 'response_too_large',
      details: { max_bytes: MIB },
    });
  });

  it('stops a bomb while it unfolds', async () => {
    // 1 GiB of zeros, folded twice, is a few KiB.
    const layer = gzipSync(Buffer.alloc(64 * MIB));
    const bomb = gzipSync(Buffer.concat(Array.from({ length: 16 }, () => layer)));
    expect(bomb.byteLength).toBeLessThan(100_000);
    const url = await answering((_, response) => response.setHeader('content-encoding', 'gzip, gzip').end(bomb));
    const before = process.memoryUsage().arrayBuffers;
    const response = await client.fetch(url, { maxBytes: MIB });
    expect(await failure(response.text())).toMatchObject({ code: 'response_too_large' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(128 * MIB);
  });

  it.each(['ftp://a.test/', '/again'])('a redirect that is refused ends its connection too: %s', async (location) => {
    const url = await answering((_, response) => response.writeHead(302, { location }).write('x'));
    await failure(client.fetch(url, { maxRedirects: location === '/again' ? 0 : 5 }));
    await until(() => sockets.size === 0);
  });

  it('ends the connection of an endless body', async () => {
    const url = await answering((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    const response = await client.fetch(url, { maxBytes: MIB });
    expect(await failure(response.json())).toMatchObject({ code: 'response_too_large' });
    await until(() => sockets.size === 0);
  });

  it('holds for a body that is read piece by piece, and the rest is not read when the reader stops', async () => {
    const url = await answering((_, response) => {
      response.write('first');
    });
    const response = await client.fetch(url, { maxBytes: 5 });
    const reader = response.body!.getReader();
    expect(Buffer.from((await reader.read()).value).toString()).toBe('first');
    await reader.cancel();
    await until(() => sockets.size === 0);
  });
});

describe('time and stop', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n';

  it.each([
    ['no head', ''],
    ['half a head', 'HTTP/1.1 200'],
  ])('the time is up before the response: %s', async (_, text) => {
    const url = await saying(text);
    const late = await failure(client.fetch(`${url}?s3cret`, { timeoutMs: 100 }));
    expect(late).toMatchObject({ code: 'http_timeout', kind: 'retryable' });
    expect(late.message).toBe(`The answer of ${new URL(url).host} was not complete after 100 ms.`);
    await until(() => sockets.size === 0);
  });

  it('the time is up within the body, and covers redirects', async () => {
    const slow = await saying(`${HEAD}12345`);
    const response = await client.fetch(slow, { timeoutMs: 1_500 });
    expect(await failure(response.text())).toMatchObject({ code: 'http_timeout' });
    await until(() => sockets.size === 0);
    const url = await answering((_, answer) => answer.writeHead(302, { location: slow }).end());
    const redirected = await client.fetch(url, { timeoutMs: 1_500 });
    expect(await failure(redirected.text())).toMatchObject({ code: 'http_timeout' });
  });

  it('a long time limit is one', async () => {
    const url = await answering((_, response) => response.end('in time'));
    expect(await (await client.fetch(url, { timeoutMs: 1e12 })).text()).toBe('in time');
  });

  it.each(['the node run', 'the request'])(
    'the signal of %s ends it, before, in the head and in the body',
    async (which) => {
      const url = await saying('');
      const slow = await saying(`${HEAD}12345`);
      const reason = new Error('enough');
      const call = async (to: string, step: 'before' | 'head' | 'body') => {
        controller = new AbortController();
        const other = new AbortController();
        const one = open();
        const stop = () => (which === 'the node run' ? controller : other).abort(reason);
        if (step === 'before') stop();
        const fetched = one.fetch(to, { signal: other.signal });
        if (step === 'head') {
          await until(() => sockets.size === 1);
          stop();
        }
        if (step !== 'body') return failure(fetched);
        const reading = (await fetched).text();
        stop();
        return failure(reading);
      };
      expect(await call(url, 'before')).toBe(reason);
      expect(sockets.size).toBe(0);
      expect(await call(url, 'head')).toBe(reason);
      await until(() => sockets.size === 0);
      expect(await call(slow, 'body')).toBe(reason);
      await until(() => sockets.size === 0);
    },
  );

  it('many calls at once leave nothing behind at the signal', async () => {
    const url = await answering((_, response) => response.end('x'));
    const calls = Array.from({ length: 20 }, async () => (await client.fetch(url)).text());
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(20);
    expect((await Promise.all(calls)).join('')).toBe('x'.repeat(20));
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('a signal whose reason is a word, as the executor gives it, rejects with an AbortError', async () => {
    const url = await saying('');
    const call = client.fetch(url);
    await until(() => sockets.size === 1);
    controller.abort('canceled');
    expect(await failure(call)).toMatchObject({ name: 'AbortError' });
  });

  it('close ends what is under way, and calls after it', async () => {
    const waiting = failure(client.fetch(await saying('')));
    const response = await client.fetch(await saying(`${HEAD}12345`));
    await client.close();
    expect(await waiting).toMatchObject({ name: 'AbortError' });
    expect(await failure(response.text())).toMatchObject({ name: 'AbortError' });
    expect(await failure(client.fetch('http://127.0.0.1:1/'))).toMatchObject({ name: 'AbortError' });
    await until(() => sockets.size === 0);
  });
});

describe('what fails on the way', () => {
  it.each([
    ['nobody listens', 'http://127.0.0.1:2/', /\(ECONNREFUSED\)\.$/],
    ['a name that nobody has', 'http://nobody.invalid/', /nobody\.invalid \((ENOTFOUND|EAI_AGAIN)\)\.$/],
  ])('is http_unreachable: %s', async (_, url, message) => {
    const failed = await failure(client.fetch(`${url}?s3cret`, { headers: { 'x-key': 's3cret' } }));
    expect(failed).toMatchObject({ code: 'http_unreachable', kind: 'retryable' });
    expect(failed).toBeInstanceOf(NodeError);
    expect(failed.message).toMatch(message);
    expect(failed.message).not.toContain('s3cret');
  });

  it('is invalid_url: a port of another protocol, which fetch never calls', async () => {
    const refused = await failure(client.fetch('http://127.0.0.1:25/?s3cret'));
    expect(refused).toMatchObject({ code: 'invalid_url', kind: 'terminal' });
    expect(refused.message).toBe('127.0.0.1:25 has a port that belongs to another protocol; it is never called.');
  });

  it('is http_unreachable: what is no HTTP, a head that ends early, a body that does, one that is not what it says', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n';
    expect(await failure(client.fetch(await saying('hello\r\n\r\n')))).toMatchObject({ code: 'http_unreachable' });
    expect(await failure(client.fetch(await saying(head, { end: true })))).toMatchObject({ code: 'http_unreachable' });
    for (const text of [`${head}\r\n12345`, `${head}content-encoding: gzip\r\n\r\n1234567890`]) {
      const response = await client.fetch(await saying(text, { end: true }));
      expect(await failure(response.text())).toMatchObject({ code: 'http_unreachable', kind: 'retryable' });
    }
  });

  it('says when nothing was sent, and only then', async () => {
    const port = Number(new URL(await saying('', { end: true })).port);
    const closed = createServer();
    await new Promise<void>((settle) => closed.listen(0, '127.0.0.1', settle));
    const { port: unused } = closed.address() as AddressInfo;
    await new Promise((settle) => closed.close(settle));
    const refused = await failure(client.fetch(`http://127.0.0.1:${unused}/`, { method: 'POST', body: 'x' }));
    expect(refused).toMatchObject({ code: 'http_unreachable', details: { sent: false } });
    const cut = await failure(client.fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'x' }));
    expect(cut).toMatchObject({ code: 'http_unreachable', details: undefined });
  });
});
