import { HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError, ContractViolation } from '#contract';
import type { ErrorCode, ErrorEnvelope } from '#contract';

/** What goes over the wire for an error, and whether it is ours to investigate. */
export interface ErrorReply {
  readonly status: number;
  readonly body: ErrorEnvelope;
  readonly headers: Readonly<Record<string, string>>;
  /** True for errors nobody foresaw: they are logged with their cause, which is never sent. */
  readonly unexpected: boolean;
}

const RETRY_AFTER_SECONDS = 1;

/** Another body for an error of a route; undefined: the envelope. */
export type ErrorBody = (envelope: ErrorEnvelope, request: FastifyRequest, reply: FastifyReply) => object | undefined;

/** The one translation of anything thrown into status, ErrorEnvelope (`common/error.schema.json`) and headers. */
export function errorReply(error: unknown): ErrorReply {
  const known = asAppError(error);
  if (known === undefined) return { ...reply(new AppError('internal_error')), unexpected: true };
  return { ...reply(known), unexpected: false };
}

/** The envelope of an error that we throw on purpose. */
export function envelope(error: AppError): ErrorEnvelope {
  return {
    error: {
      code: error.code,
      message: error.message,
      retryable: error.retryable,
      ...(error.details === undefined ? {} : { details: error.details }),
    },
  };
}

function reply(error: AppError): Omit<ErrorReply, 'unexpected'> {
  const headers: Record<string, string> = {};
  const challenge = challengeOf(error);
  if (challenge !== undefined) headers['www-authenticate'] = challenge;
  const retryAfter = retryAfterOf(error);
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
  const allow = error.code === 'method_not_allowed' ? error.details?.['allow'] : undefined;
  if (Array.isArray(allow)) headers['allow'] = allow.filter((method) => isToken(method)).join(', ');
  return { status: error.status, body: envelope(error), headers };
}

/** In whole seconds (RFC 9110 section 10.2.3): what the thrower knows, as `details.retry_after`, else a second where that may help. */
function retryAfterOf({ status, retryable, details }: AppError): number | undefined {
  const known = details?.['retry_after'];
  if (typeof known === 'number' && Number.isFinite(known) && retryable) return Math.max(1, Math.ceil(known));
  return retryable && (status === 503 || status === 429) ? RETRY_AFTER_SECONDS : undefined;
}

/** A word of a header (RFC 9110 section 5.6.2). Details may come from a peer, and what else is in them must not get into a header. */
function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value);
}

/**
 * What the caller's token lacks (RFC 6750 section 3), or its proof (RFC 9449 section 7.1). Quotes, backslashes and what is not ASCII are
 * not allowed in it.
 */
function challengeOf({ status, code, message, details }: AppError): string | undefined {
  const description = `error_description="${message.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'")}"`;
  if (code === 'dpop_proof_invalid') {
    const algorithms = details?.['algs'];
    const algs = Array.isArray(algorithms) ? `, algs="${algorithms.filter(isToken).join(' ')}"` : '';
    return `DPoP error="invalid_dpop_proof", ${description}${algs}`;
  }
  // Any other 401 is about a token, or about what a token is given for (RFC 9110 section 15.5.2: each has a challenge).
  if (status === 401) {
    const error = details?.['error'] === 'invalid_request' ? 'invalid_request' : 'invalid_token';
    return `Bearer error="${error}", ${description}`;
  }
  if (code !== 'forbidden') return undefined;
  const permission = details?.['required_permission'];
  const scope = isToken(permission) ? `, scope="${permission}"` : '';
  return `Bearer error="insufficient_scope", ${description}${scope}`;
}

function asAppError(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error;
  if (error instanceof ContractViolation) return invalidRequest(error.issues);
  const { status, code, message } = describe(error);
  const byStatus: Partial<Record<number, ErrorCode>> = {
    404: 'route_not_found',
    405: 'method_not_allowed',
    413: 'payload_too_large',
    415: 'unsupported_media_type',
    431: 'headers_too_large',
  };
  const named = status === undefined ? undefined : byStatus[status];
  if (named !== undefined) return new AppError(named);
  // Anything else that the HTTP layer refuses (malformed JSON, a bad URL, a wrong content length) is the caller's to repair.
  const fromHttpLayer =
    error instanceof HttpException || code?.startsWith('FST_') === true || error instanceof SyntaxError;
  if (status !== undefined && status >= 400 && status < 500 && fromHttpLayer) {
    const isMalformed = error instanceof SyntaxError || code === 'FST_ERR_CTP_INVALID_JSON_BODY';
    const issue = { path: '', message: isMalformed ? 'body is not valid JSON' : `is refused: ${message}` };
    return invalidRequest([issue]);
  }
  return undefined;
}

/** 400 `invalid_request` with one entry per bad field. An empty path is the request itself. */
export function invalidRequest(issues: readonly { readonly path: string; readonly message: string }[]): AppError {
  const sentences = issues.slice(0, 3).map(({ path, message }) => `${path === '' ? 'The request' : path} ${message}`);
  const more = issues.length > 3 ? `; and ${issues.length - 3} more` : '';
  return new AppError('invalid_request', {
    message: `${sentences.join('; ')}${more}.`,
    details: { issues: [...issues] },
  });
}

function describe(error: unknown): { status?: number; code?: string; message: string } {
  if (!(error instanceof Error)) return { message: '' };
  const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown }).statusCode;
  const code = (error as { code?: unknown }).code;
  return {
    ...(typeof status === 'number' ? { status } : {}),
    ...(typeof code === 'string' ? { code } : {}),
    message: error.message,
  };
}
