import type { FastifyRequest } from 'fastify';

/** What the header Authorization of a request is: absent, not one bearer token, or one. */
export type Bearer = { readonly kind: 'absent' | 'malformed' } | { readonly kind: 'token'; readonly token: string };

/** RFC 6750 section 2.1. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/** Nothing else of a request is looked at: a token in a query would be in the log of every proxy. */
export function readBearer({ headers, raw }: Pick<FastifyRequest, 'headers' | 'raw'>): Bearer {
  // Node keeps the first of several in `headers`; which one a proxy in front of us looked at is not known.
  const given =
    raw.headersDistinct['authorization'] ?? (headers.authorization === undefined ? [] : [headers.authorization]);
  if (given.length === 0) return { kind: 'absent' };
  const token = given.length === 1 ? BEARER.exec(given[0] ?? '')?.[1] : undefined;
  return token === undefined ? { kind: 'malformed' } : { kind: 'token', token };
}
