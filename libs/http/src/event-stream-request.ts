import { createParamDecorator, StreamableFile } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from 'pino';
import { AppError } from '#contract';
import type { EventStreamOptions, RunEvent } from '#contract';
import { invalidRequest } from './error-envelope.js';
import { ENCODINGS, eventStreamBody } from './event-stream.js';
import type { EventStreamFormat } from './event-stream.js';

/** A request for an event stream, read: what it wants, and the one way to answer it. */
export interface EventStreamRequest {
  readonly options: EventStreamOptions;
  /** Sets the headers of the answer and returns its body, in the format that the caller accepts. */
  reply(events: AsyncIterable<RunEvent>): StreamableFile;
}

interface EventStreamSettings {
  readonly keepAliveMs: number;
  readonly logger: Logger;
}

const SETTINGS = Symbol('arp.event-streams');
const LAST_EVENT_ID = 'Last-Event-ID';
const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['0', false],
  ['false', false],
]);
/** The first is what a caller without a preference gets. */
const FORMATS: readonly EventStreamFormat[] = ['ndjson', 'sse'];

/** Tells `@EventStream()` the settings of this service. */
export function installEventStreams(instance: FastifyInstance, settings: EventStreamSettings): void {
  instance.decorate(SETTINGS, settings);
}

/**
 * The event stream that a request asks for: `@EventStream() stream: EventStreamRequest`, and the handler returns
 * `stream.reply(events)`.
 *
 * @throws AppError invalid_request naming the parameter or header
 */
export const EventStream = createParamDecorator((_: unknown, host: ExecutionContext): EventStreamRequest => {
  const request = host.switchToHttp().getRequest<FastifyRequest>();
  const reply = host.switchToHttp().getResponse<FastifyReply>();
  const asked = readEventStreamOptions(request.query as Readonly<Record<string, unknown>>, request.headers);
  // The answer to HEAD is over at once while its body is still read, unseen, to its end: nobody could hang up on one that follows.
  const options = request.method === 'HEAD' ? { ...asked, follow: false } : asked;
  const settings = request.server.getDecorator<EventStreamSettings>(SETTINGS);
  return { options, reply: (events) => answer(reply, events, acceptedFormat(request.headers), options, settings) };
});

/**
 * Reads `cursor` (exclusive `seq`), `limit` and `follow`, and the header `Last-Event-ID`, which is the cursor when there is no
 * parameter of that name: a reconnecting EventSource sends it.
 *
 * @throws AppError invalid_request naming each parameter or header that is wrong
 */
export function readEventStreamOptions(
  query: Readonly<Record<string, unknown>>,
  headers: IncomingHttpHeaders = {},
): EventStreamOptions {
  const issues: { path: string; message: string }[] = [];
  const whole = (path: string, given: unknown, minimum: number): number | undefined => {
    if (given === undefined || given === '') return undefined;
    if (typeof given === 'string' && /^\d{1,15}$/.test(given) && Number(given) >= minimum) return Number(given);
    issues.push({ path, message: `must be a whole number of at least ${minimum}` });
    return undefined;
  };
  const flag = (path: string, given: unknown): boolean => {
    if (given === undefined || given === '') return false;
    const value = typeof given === 'string' ? FLAGS.get(given) : undefined;
    if (value === undefined) issues.push({ path, message: 'must be 1 or 0' });
    return value === true;
  };
  const isCursorGiven = query['cursor'] !== undefined && query['cursor'] !== '';
  const cursor = isCursorGiven
    ? whole('cursor', query['cursor'], 0)
    : whole(LAST_EVENT_ID, headers[LAST_EVENT_ID.toLowerCase()], 0);
  const limit = whole('limit', query['limit'], 1);
  const follow = flag('follow', query['follow']);
  if (issues.length > 0) throw invalidRequest(issues);
  return {
    follow,
    ...(cursor === undefined ? {} : { cursor }),
    ...(limit === undefined ? {} : { limit }),
  };
}

/** The format that `Accept` prefers (RFC 9110, 12.5.1); NDJSON when it accepts both alike, or neither. */
export function acceptedFormat(headers: IncomingHttpHeaders): EventStreamFormat {
  const preferred = new Negotiator({ headers }).mediaType(FORMATS.map((format) => ENCODINGS[format].mediaType));
  return FORMATS.find((format) => ENCODINGS[format].mediaType === preferred) ?? 'ndjson';
}

function answer(
  reply: FastifyReply,
  events: AsyncIterable<RunEvent>,
  format: EventStreamFormat,
  options: EventStreamOptions,
  { keepAliveMs, logger }: EventStreamSettings,
): StreamableFile {
  void reply.headers({
    'cache-control': 'no-store',
    // nginx and those that do as it does: pass each event on at once.
    'x-accel-buffering': 'no',
  });
  const body = eventStreamBody(events, {
    format,
    // A follower learns at once that it is connected, also when the run is silent. Without `follow` the first events are about
    // to come, and until then a failure can still be answered with an envelope.
    ...(options.follow === true ? { keepAliveMs, onStart: () => reply.raw.flushHeaders() } : {}),
  });
  body.on('error', (error) => {
    if (!reply.raw.headersSent) return;
    const level = error instanceof AppError ? 'warn' : 'error';
    logger[level]({ err: error }, 'an event stream broke off');
  });
  // Not the stream itself: of that Nest holds back the headers until the first chunk.
  return new StreamableFile(body, { type: ENCODINGS[format].mediaType });
}
