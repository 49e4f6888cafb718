import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { AppError } from '#contract';
import type { ServiceSettings } from '#config';
import { AllowedMethods } from './allowed-methods.js';
import { ContractPipe } from './contract.pipe.js';
import { envelope, errorReply, invalidRequest } from './error-envelope.js';
import type { ErrorBody } from './error-envelope.js';
import { ErrorFilter } from './error.filter.js';
import { installEventStreams } from './event-stream-request.js';
import type { ServiceDescription } from './health.controller.js';
import { nestLogger } from './logging.js';
import { openApiDocument, serveOpenApi } from './openapi.js';
import type { OpenApiLogin } from './openapi.js';
import { installRequestContext, knownSubject } from './request-context.js';
import { WireInterceptor } from './wire.interceptor.js';

/** A service that is ready to listen, and the switch that ends its open streams when it stops. */
export interface ServiceApp {
  readonly app: NestFastifyApplication;
  readonly service: ServiceDescription;
  readonly logger: Logger;
  /** Refuses new requests with `service_stopping`, ends open streams, finishes the rest, releases everything. */
  stop(): Promise<void>;
}

/** What not every service has. */
export interface AppOptions {
  /** How Swagger UI logs in. Default: it cannot, whoever tries the service brings a token. */
  readonly login?: OpenApiLogin | undefined;
  /** What the body of an error is on some routes instead of the envelope; undefined: the envelope. Default: the envelope everywhere. */
  readonly errorBody?: ErrorBody;
  /** Adds hooks of the service to those of every service, after them. */
  readonly install?: (instance: FastifyInstance) => void;
}

const SWEEP_EVERY_MS = 50;
const MAX_ID_LENGTH = 1_024;

/**
 * Makes a service from its module: error envelopes for everything that can go wrong, request ids and traces, strict bodies,
 * request log, OpenAPI. It does not listen yet.
 */
export async function createApp(
  module: DynamicModule,
  service: ServiceDescription,
  settings: ServiceSettings,
  logger: Logger,
  options: AppOptions = {},
): Promise<ServiceApp> {
  const errorBody: ErrorBody = options.errorBody ?? (() => undefined);
  const adapter = new FastifyAdapter({
    logger: false,
    bodyLimit: settings.ARP_BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: MAX_ID_LENGTH },
    return503OnClosing: false,
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      const { status, body } = errorReply(error);
      void reply
        .status(status)
        .type('application/json')
        .send(errorBody(body, request, reply) ?? body);
    },
    clientErrorHandler,
  });
  const instance = adapter.getInstance<FastifyInstance>();
  const allowedMethods = new AllowedMethods(instance);
  const stopping = new AbortController();
  // Every request that is being answered listens.
  setMaxListeners(0, stopping.signal);
  installRequestContext(instance, stopping.signal);
  installEventStreams(instance, { keepAliveMs: settings.ARP_EVENT_STREAM_KEEP_ALIVE_MS, logger });
  options.install?.(instance);
  refuseWhenStopping(instance, stopping.signal, errorBody);
  const inFlight = countRequests(instance);
  logRequests(instance, logger);

  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: nestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  acceptJsonOnly(instance);
  allowOrigins(app, settings.ARP_CORS_ORIGINS);
  app.useGlobalFilters(new ErrorFilter(logger, allowedMethods, errorBody));
  app.useGlobalPipes(new ContractPipe());
  app.useGlobalInterceptors(new WireInterceptor());
  if (settings.ARP_SWAGGER_UI) serveOpenApi(app, openApiDocument(app, service, options.login), options.login);
  return {
    app,
    service,
    logger,
    stop: async () => {
      stopping.abort();
      // A connection that says nothing, or whose stream has just ended, would hold the server open for its keep-alive time:
      // once no request is being answered, all that are left are closed.
      const server = app.getHttpServer();
      const sweep = setInterval(() => {
        if (inFlight.count === 0) server.closeAllConnections();
      }, SWEEP_EVERY_MS);
      try {
        await app.close();
      } finally {
        clearInterval(sweep);
      }
    },
  };
}

/** Tokens are sent in headers and never as cookies, so that no page acts with what a browser keeps. */
function allowOrigins(app: NestFastifyApplication, origins: readonly string[] | undefined): void {
  if (origins === undefined) return;
  app.enableCors({
    origin: [...origins],
    credentials: false,
    methods: ['GET', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'authorization',
      'content-type',
      'dpop',
      'idempotency-key',
      'last-event-id',
      'traceparent',
      'tracestate',
      'x-correlation-id',
      'x-request-id',
    ],
    exposedHeaders: [
      'retry-after',
      'www-authenticate',
      'x-correlation-id',
      'x-request-id',
      'x-token-expires-at',
      'x-token-rotation-recommended',
    ],
    maxAge: 600,
  });
}

/** JSON is the only media type of the standard. An empty body is no body: clients send the header with `:cancel` too. */
function acceptJsonOnly(instance: FastifyInstance): void {
  const parseJson = instance.getDefaultJsonParser('error', 'error');
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parseJson(request, body as string, done);
  });
}

function refuseWhenStopping(instance: FastifyInstance, stopping: AbortSignal, errorBody: ErrorBody): void {
  instance.addHook('onRequest', (request, reply, done) => {
    if (!stopping.aborted) return done();
    const { status, body, headers } = errorReply(new AppError('service_stopping'));
    void reply
      .status(status)
      .headers({ ...headers, connection: 'close' })
      .type('application/json')
      .send(errorBody(body, request, reply) ?? body);
  });
}

/** How many requests are being answered, streams included. */
function countRequests(instance: FastifyInstance): { readonly count: number } {
  const inFlight = { count: 0 };
  instance.addHook('onRequest', (_request, reply, done) => {
    inFlight.count += 1;
    reply.raw.once('close', () => {
      inFlight.count -= 1;
    });
    done();
  });
  return inFlight;
}

/** One line per request; the path without its query, which may hold what no log should. */
function logRequests(instance: FastifyInstance, logger: Logger): void {
  instance.addHook('onResponse', (request, reply, done) => {
    const level = reply.statusCode >= 500 ? 'error' : request.url.startsWith('/v1/health') ? 'debug' : 'info';
    logger[level](
      {
        method: request.method,
        path: request.url.split('?', 1)[0],
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        request_id: reply.getHeader('x-request-id'),
        subject: knownSubject(request),
      },
      'request',
    );
    done();
  });
}

/** What Node's HTTP parser refuses before a request exists. The socket gets an envelope too. */
function clientErrorHandler(error: FastifyError | (Error & { code?: string }), socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const known =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new AppError('headers_too_large')
      : invalidRequest([{ path: '', message: 'is not valid HTTP/1.1' }]);
  const body = JSON.stringify(envelope(known));
  socket.end(
    `HTTP/1.1 ${known.status} Error\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
