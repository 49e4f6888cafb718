import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { invalidRequest } from './error-envelope.js';

/** The header as it is written, in messages and documents. */
export const IDEMPOTENCY_KEY_HEADER = 'Idempotency-Key';

const BARE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,255}$/;
const QUOTED = /^"((?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"$/;
const MAX_LENGTH = 255;

/**
 * The `Idempotency-Key` of the request being handled: `@IdempotencyKey() key: string | undefined`. The route says
 * `idempotencyKey: true` in its `@Endpoint`, which puts the header into the OpenAPI document.
 */
export const IdempotencyKey = createParamDecorator((_: unknown, host: ExecutionContext): string | undefined => {
  return readIdempotencyKey(host.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key']);
});

/**
 * Reads `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): 1 to 255 visible ASCII characters, as a string of
 * structured fields (RFC 9651: in quotes, `\"` and `\\` for a quote and a backslash), without parameters; or bare, then without
 * quote, backslash, comma and semicolon. `"abc"` and `abc` are the same key.
 *
 * @param header as Node has it; lines of the same name come joined by a comma, and are refused
 * @returns undefined when there is no such header
 * @throws AppError invalid_request naming the header; also for an empty one, which a caller did not mean as no key
 */
export function readIdempotencyKey(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = typeof header === 'string' ? header.trim() : '';
  const quoted = QUOTED.exec(text)?.[1]?.replaceAll(/\\(["\\])/g, '$1');
  if (quoted !== undefined && quoted.length <= MAX_LENGTH) return quoted;
  if (BARE.test(text)) return text;
  throw invalidRequest([
    {
      path: IDEMPOTENCY_KEY_HEADER,
      message: `must be one string of 1 to ${MAX_LENGTH} visible ASCII characters in quotes, such as "8e03978e-40d5-43dd-bc93-6894a57f9324"`,
    },
  ]);
}

/** The header's value for a key: a string of structured fields. */
export function formatIdempotencyKey(key: string): string {
  return `"${key.replaceAll(/["\\]/g, '\\$&')}"`;
}
