import { Headers } from 'undici';
import { firstHop, nextHop } from './hops.js';
import type { Hop } from './hops.js';

const SECRETS = { authorization: 'Bearer s3cret', cookie: 'a=s3cret', 'proxy-authorization': 'Basic s3cret' };

function hop(url: string, method = 'GET'): Hop {
  const body = method === 'GET' || method === 'HEAD' ? {} : { body: 'hello' };
  const headers = { ...SECRETS, 'content-type': 'text/plain', 'x-own': '1' };
  return firstHop(url, { method, headers, ...body }, undefined);
}

function redirect(from: Hop, status: number, location?: string): Hop | undefined {
  return nextHop(from, { status, headers: new Headers(location === undefined ? {} : { location }) });
}

describe('the first request', () => {
  it('has the headers it was given but those of the connection, and a trace and user agent unless it has its own', () => {
    const own = firstHop(
      'https://a.test',
      {
        headers: [
          ['Host', 'b.test'],
          ['Transfer-Encoding', 'chunked'],
          ['Content-Length', '9'],
          ['X-Own', 'a'],
          ['x-own', 'b'],
        ],
      },
      '00-trace',
    );
    const names = [...own.headers].map(([name, value]) => [name, value.replace(/\/\d.*/, '')]);
    expect(names).toEqual([
      ['traceparent', '00-trace'],
      ['user-agent', 'arp-jarvis-node-pack-sdk'],
      ['x-own', 'a, b'],
    ]);
    const { headers } = firstHop(
      'https://a.test',
      { headers: { traceparent: '00-own', 'User-Agent': 'own' } },
      '00-trace',
    );
    expect([...headers]).toEqual([
      ['traceparent', '00-own'],
      ['user-agent', 'own'],
    ]);
  });

  it.each([
    ['a name', { headers: { 's3cret s3cret': 'a' } }, 'The name of a header holds'],
    ['a value', { headers: { 'x-key': 's3cret\r\nhost: evil' } }, 'The value of the header x-key holds'],
    ['a method', { method: 'GET / s3cret' }, 'The method is not one'],
    ['CONNECT', { method: 'connect' }, 'The method is not one'],
    ['a body of GET', { body: 's3cret' }, 'A GET request has no body'],
    ['a body of another type', { method: 'POST', body: { s3cret: 1 } as never }, 'A body must be'],
  ])('is refused without telling what it holds: %s', (_, request, message) => {
    const refused = thrown(() => firstHop('https://a.test', request, undefined));
    expect(refused).toMatchObject({ code: 'invalid_request', retryable: false });
    expect(refused.message).toContain(message);
    expect(JSON.stringify(refused) + refused.message).not.toContain('s3cret');
  });
});

describe('a redirect', () => {
  it.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [303, 'DELETE', 'GET'],
    [301, 'PUT', 'PUT'],
    [302, 'PATCH', 'PATCH'],
    [307, 'POST', 'POST'],
    [308, 'POST', 'POST'],
  ])('%d of %s goes on as %s', (status, method, then) => {
    const next = redirect(hop('https://a.test/x', method), status, '/y');
    expect(next).toMatchObject({ method: then, url: new URL('https://a.test/y') });
    expect([next?.body, next?.headers.get('content-type')]).toEqual(
      then === 'GET' ? [undefined, null] : ['hello', 'text/plain'],
    );
    expect(next?.headers.get('authorization')).toBe(SECRETS.authorization);
  });

  it.each([301, 302, 303, 307, 308])('%d of HEAD goes on as HEAD', (status) => {
    expect(redirect(hop('https://a.test/x', 'HEAD'), status, '/y')?.method).toBe('HEAD');
  });

  it.each([
    ['https://a.test/y', true],
    ['https://b.test/y', false],
    ['https://a.test:8443/y', false],
    ['https://sub.a.test/y', false],
  ])('to %s takes secrets along: %s', (location, kept) => {
    const next = redirect(hop('https://a.test/x'), 307, location);
    const sent = Object.keys(SECRETS).filter((name) => next?.headers.has(name));
    expect(sent).toEqual(kept ? Object.keys(SECRETS) : []);
    expect(next?.headers.get('x-own')).toBe('1');
  });

  it('does not bring back what it dropped', () => {
    const there = redirect(hop('https://a.test/x'), 307, 'https://b.test/');
    expect(redirect(there as Hop, 307, 'https://a.test/')?.headers.has('authorization')).toBe(false);
  });

  it('from https to http is refused', () => {
    const refused = thrown(() => redirect(hop('https://a.test/x?s3cret'), 302, 'http://a.test/?s3cret'));
    expect(refused).toMatchObject({ code: 'egress_denied' });
    expect(refused.message).not.toContain('s3cret');
    expect(redirect(hop('http://a.test'), 302, 'https://a.test/')?.url.protocol).toBe('https:');
  });

  it('to something that is not a URL is refused', () => {
    expect(thrown(() => redirect(hop('https://a.test'), 302, 'http://[')).message).toBe(
      'a.test redirects to something that is not a URL.',
    );
  });

  it('reads UTF-8 that nobody escaped, and keeps the fragment', () => {
    const location = Buffer.from('/größe', 'utf8').toString('latin1');
    expect(redirect(hop('https://a.test/x#part'), 302, location)?.url.href).toBe('https://a.test/gr%C3%B6%C3%9Fe#part');
  });

  it.each([
    [200, '/y'],
    [300, '/y'],
    [304, '/y'],
    [302, undefined],
  ])('is none: status %d with location %s', (status, location) => {
    expect(redirect(hop('https://a.test'), status, location)).toBeUndefined();
  });
});

function thrown(call: () => unknown): Error & { code?: string } {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
