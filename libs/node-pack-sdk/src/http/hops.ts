import { createRequire } from 'node:module';
import { types } from 'node:util';
import { Headers } from 'undici';
import type { HttpRequest } from '../node-context.js';
import type { Answer } from './answer.js';
import { egressDenied, invalidRequest, invalidUrl } from './http-failures.js';

/** One request of a call: the first, or what a redirect led to. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body?: string | Uint8Array;
}

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
const USER_AGENT = `arp-jarvis-node-pack-sdk/${version}`;

/** They are the connection's affair, as in the fetch standard: dropped without a word. */
const OF_THE_CONNECTION = [
  ...['host', 'connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'trailer', 'upgrade'],
  ...['content-length', 'expect', 'http2-settings'],
];
const OF_THE_BODY = ['content-encoding', 'content-language', 'content-location', 'content-type'];
const SECRET = ['authorization', 'cookie', 'proxy-authorization'];
const REDIRECTS = [301, 302, 303, 307, 308];
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** @throws TerminalError `invalid_url` or `invalid_request` */
export function firstHop(url: string | URL, request: HttpRequest, traceparent: string | undefined): Hop {
  const method = (request.method ?? 'GET').toUpperCase();
  const { body } = request;
  if (!TOKEN.test(method) || ['CONNECT', 'TRACE', 'TRACK'].includes(method)) {
    throw invalidRequest('The method is not one that can be called with; GET and POST are.');
  }
  if (body !== undefined && typeof body !== 'string' && !types.isUint8Array(body)) {
    throw invalidRequest('A body must be a string or a Uint8Array.');
  }
  if (body !== undefined && (method === 'GET' || method === 'HEAD')) {
    throw invalidRequest(`A ${method} request has no body.`);
  }
  const headers = headersOf(request.headers ?? {});
  if (traceparent !== undefined && !headers.has('traceparent')) headers.set('traceparent', traceparent);
  if (!headers.has('user-agent')) headers.set('user-agent', USER_AGENT);
  return { url: parseUrl(url), method, headers, ...(body === undefined ? {} : { body }) };
}

/**
 * Where a response redirects to, by the rules of the fetch standard; undefined when it does not.
 *
 * @throws TerminalError `invalid_url`, or `egress_denied` for a way from https to http
 */
export function nextHop(hop: Hop, response: Pick<Answer, 'status' | 'headers'>): Hop | undefined {
  const location = response.headers.get('location');
  if (!REDIRECTS.includes(response.status) || location === null) return undefined;
  const url = redirectUrl(location, hop.url);
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') {
    throw egressDenied(`${hop.url.host} redirects from https to http, to ${url.host}; that is not followed.`);
  }
  const headers = new Headers(hop.headers);
  if (url.origin !== hop.url.origin) remove(headers, SECRET);
  const { status } = response;
  const becomesGet = status === 303 ? !['GET', 'HEAD'].includes(hop.method) : status < 303 && hop.method === 'POST';
  if (!becomesGet) return { ...hop, url, headers };
  remove(headers, OF_THE_BODY);
  return { url, method: 'GET', headers };
}

function headersOf(given: NonNullable<HttpRequest['headers']>): Headers {
  const headers = new Headers();
  const pairs = Symbol.iterator in given ? [...given] : Object.entries(given);
  for (const [name, value] of pairs) {
    if (!TOKEN.test(name)) throw invalidRequest('The name of a header holds a character that HTTP forbids.');
    try {
      headers.append(name, value);
    } catch {
      // What the library says holds the value.
      throw invalidRequest(`The value of the header ${name} holds a character that HTTP forbids.`);
    }
  }
  remove(headers, OF_THE_CONNECTION);
  return headers;
}

function remove(headers: Headers, names: readonly string[]): void {
  for (const name of names) headers.delete(name);
}

function parseUrl(url: string | URL): URL {
  const text = String(url);
  if (!URL.canParse(text)) throw invalidUrl('The URL cannot be read; it must be like https://api.example.com/path.');
  return new URL(text);
}

function redirectUrl(location: string, base: URL): URL {
  // Header values arrive as one character a byte, whereas servers that do not escape write UTF-8.
  const text = Buffer.from(location, 'latin1').toString('utf8');
  if (!URL.canParse(text, base.href)) throw invalidUrl(`${base.host} redirects to something that is not a URL.`);
  const url = new URL(text, base);
  if (url.hash === '') url.hash = base.hash;
  return url;
}
