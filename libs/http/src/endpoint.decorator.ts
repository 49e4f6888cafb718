import { applyDecorators, HttpCode, SetMetadata } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApiExtension, ApiHeader, ApiOperation, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { ErrorEnvelope } from '#contract';
import type { ErrorCode, Permission } from '#contract';
import { IDEMPOTENCY_KEY_HEADER } from './idempotency-key.js';

/** Metadata key under which a handler's access rule is found. */
export const ACCESS = 'arp:access';

/** Metadata key under which a handler says that an assignment token is enough. */
export const TAKES_ASSIGNMENT = 'arp:takes-assignment';

/** Metadata key under which the contract class of a handler's response is found. */
export const RESPONDS = 'arp:responds';

/** Error codes that any route of any service can answer with. */
export const COMMON_ERRORS = [
  'internal_error',
  'service_stopping',
  'route_not_found',
  'method_not_allowed',
  'headers_too_large',
  'invalid_request',
] as const satisfies readonly ErrorCode[];
/** Error codes that any route with a request body can answer with. */
export const BODY_ERRORS = ['payload_too_large', 'unsupported_media_type'] as const satisfies readonly ErrorCode[];

/** Error codes that any route can answer with that is not public. */
export const ACCESS_ERRORS = [
  'unauthorized',
  'forbidden',
  'identity_provider_unavailable',
] as const satisfies readonly ErrorCode[];

/** An optional query parameter as the OpenAPI document shows it. */
export interface QueryParameter {
  readonly name: string;
  readonly description: string;
  readonly schema: {
    readonly type: 'string' | 'integer' | 'array';
    readonly format?: 'date-time';
    readonly enum?: string[];
    readonly items?: { readonly type: 'string'; readonly enum: string[] };
    readonly minimum?: number;
    readonly maximum?: number;
    readonly default?: number;
  };
}

export interface EndpointOptions {
  /** The standard's operationId, e.g. `start_run`. */
  readonly operationId: string;
  readonly summary: string;
  readonly tag: string;
  /**
   * The permission that a caller needs; `public` for those routes that the standard leaves open; `unguarded` where no token of the
   * identity provider is looked at and the route itself says who may, or everybody may.
   */
  readonly access: Permission | 'public' | 'unguarded';
  /** Of an unguarded route: it reads a bearer token of its own kind. Default false. */
  readonly ownToken?: boolean;
  /** An assignment token is enough, instead of the permission. What it is good for is the route's to look at. Default false. */
  readonly assignment?: boolean;
  /** What a 200 carries: a contract class, an array of it, a stream of run events, bytes, or nothing (204). */
  readonly responds: Type<object> | readonly [Type<object>] | 'events' | 'bytes' | 'nothing';
  /** Default 200, or 204 where nothing is answered. */
  readonly status?: 200 | 201 | 202;
  /** What an error looks like, where it is not the envelope. */
  readonly errorType?: Type<object>;
  /** What the success means, for the document. */
  readonly description: string;
  /** Codes of the catalogue that this route can answer with, beyond those any route can. */
  readonly errors?: readonly ErrorCode[];
  /** Query parameters, all optional. Those of an event stream are there without being named. */
  readonly query?: readonly QueryParameter[];
  /** The route takes the header `Idempotency-Key`. Default false. */
  readonly idempotencyKey?: boolean;
}

/** Everything a route says about itself in one place: status, access rule, OpenAPI operation, possible errors. */
export function Endpoint(options: EndpointOptions): MethodDecorator {
  const isPublic = isOpen(options.access);
  const errorType = options.errorType ?? ErrorEnvelope;
  const decorators: MethodDecorator[] = [
    SetMetadata(ACCESS, options.access),
    SetMetadata(TAKES_ASSIGNMENT, options.assignment === true),
    SetMetadata(RESPONDS, typeof options.responds === 'function' ? options.responds : undefined),
    HttpCode(statusOf(options)),
    ApiOperation({
      operationId: options.operationId,
      summary: options.summary,
      tags: [options.tag],
      ...(isPublic && options.ownToken !== true ? { security: [] } : {}),
    }),
    ApiExtension('x-error-codes', errorCodes(options)),
    ApiResponse({ status: 'default', description: 'Error', type: errorType }),
    ...success(options),
    ...(options.query ?? []).map(({ name, description, schema }) =>
      ApiQuery({ name, required: false, description, schema }),
    ),
  ];
  if (options.idempotencyKey === true) {
    decorators.push(
      ApiHeader({
        name: IDEMPOTENCY_KEY_HEADER,
        required: false,
        description: 'The same key with the same request is the same run or call; a string in quotes, or bare.',
        schema: { type: 'string' },
      }),
    );
  }
  if (!isPublic || options.ownToken === true) {
    decorators.push(
      ApiResponse({
        status: 401,
        description: 'Unauthorized',
        type: errorType,
        headers: { 'WWW-Authenticate': { schema: { type: 'string' } } },
      }),
    );
  }
  if (!isPublic) {
    decorators.push(
      ApiExtension('x-permission', options.access),
      ApiResponse({ status: 403, description: 'Forbidden', type: errorType }),
    );
  }
  return applyDecorators(...decorators);
}

function isOpen(access: EndpointOptions['access']): access is 'public' | 'unguarded' {
  return access === 'public' || access === 'unguarded';
}

function statusOf({ responds, status }: EndpointOptions): number {
  return responds === 'nothing' ? 204 : (status ?? 200);
}

function errorCodes({ access, errors = [] }: EndpointOptions): ErrorCode[] {
  return [...new Set([...COMMON_ERRORS, ...(isOpen(access) ? [] : ACCESS_ERRORS), ...errors])].sort();
}

function success(options: EndpointOptions): MethodDecorator[] {
  const { responds, description } = options;
  const status = statusOf(options);
  if (responds === 'nothing') return [ApiResponse({ status: 204, description })];
  if (responds === 'bytes') {
    const content = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };
    return [ApiResponse({ status: 200, description, content })];
  }
  if (responds === 'events') {
    return [
      ApiResponse({
        status: 200,
        description,
        content: {
          'application/x-ndjson': { schema: { type: 'string' } },
          'text/event-stream': { schema: { type: 'string' } },
        },
      }),
      ApiHeader({
        name: 'Last-Event-ID',
        required: false,
        description: 'The cursor when there is no parameter `cursor`: a reconnecting EventSource sends it.',
        schema: { type: 'integer', minimum: 0 },
      }),
      ApiQuery({
        name: 'cursor',
        required: false,
        description: 'Only events with a greater seq.',
        schema: { type: 'integer', minimum: 0 },
      }),
      ApiQuery({
        name: 'limit',
        required: false,
        description: 'At most this many events.',
        schema: { type: 'integer', minimum: 1 },
      }),
      ApiQuery({
        name: 'follow',
        required: false,
        description: '1: stay open and deliver events as they are committed, until run_completed.',
        schema: { type: 'string', enum: ['0', '1', 'false', 'true'] },
      }),
    ];
  }
  if (typeof responds === 'function') return [ApiResponse({ status, description, type: responds })];
  return [ApiResponse({ status, description, type: responds[0], isArray: true })];
}
