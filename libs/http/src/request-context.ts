import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { AppError } from '#contract';
import type { Principal, RequestContext } from '#contract';
import { addLogFields, withLogFields } from './log-context.js';
import { continueTrace } from './trace-context.js';

const CONTEXT = Symbol('arp.request-context');
const REQUEST_ID = /^[A-Za-z0-9._:/+=@-]{1,128}$/;

/** Whether a text can be a request id: short and plain enough for a header and a log line. */
export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text);
}

type RequestWithContext = FastifyRequest & { [CONTEXT]?: RequestContext };

/** The RequestContext of the request being handled: `@Ctx() ctx: RequestContext`. */
export const Ctx = createParamDecorator((_: unknown, host: ExecutionContext): RequestContext => {
  return contextOf(host.switchToHttp().getRequest<FastifyRequest>());
});

export function contextOf(request: FastifyRequest): RequestContext {
  const context = (request as RequestWithContext)[CONTEXT];
  if (context === undefined) throw new Error('the request has no context: installRequestContext was not called');
  return context;
}

/** Whoever has not been authenticated: may do nothing and owns nothing. */
const NOBODY: Principal = { subject: 'nobody', owner: 'nobody' };

/** Says who is asking, once that is known: for the guard that authenticates. */
export function setPrincipal(request: FastifyRequest, principal: Principal): void {
  (request as RequestWithContext)[CONTEXT] = { ...contextOf(request), principal };
  addLogFields({ subject: principal.subject });
}

/** Who is asking, once that is known: for the request log. */
export function knownSubject(request: FastifyRequest): string | undefined {
  const principal = (request as RequestWithContext)[CONTEXT]?.principal;
  return principal === NOBODY ? undefined : principal?.subject;
}

/**
 * Gives each request its context: request id (accepted when it is short and plain, else made) which is returned in
 * `x-request-id`, trace (W3C `traceparent`), a principal that may do nothing until a guard sets another, and a signal that fires when the caller is gone or `stopping` fires. In
 * the latter case its reason is the AppError service_stopping: streams end, and what will soon be answered goes on.
 */
export function installRequestContext(instance: FastifyInstance, stopping: AbortSignal): void {
  // One listener for all requests that are being answered: followers of event streams are thousands.
  const callers = new Set<AbortController>();
  const abortAll = () => callers.forEach((caller) => caller.abort(new AppError('service_stopping')));
  stopping.addEventListener('abort', abortAll, { once: true });
  instance.addHook('onRequest', (request, reply, done) => {
    const offered = headerOf(request, 'x-request-id');
    const requestId = offered !== undefined && isRequestId(offered) ? offered : randomUUID();
    const caller = new AbortController();
    const trace = continueTrace(headerOf(request, 'traceparent'), headerOf(request, 'tracestate'));
    callers.add(caller);
    reply.raw.once('close', () => {
      callers.delete(caller);
      // Whoever has the whole answer waits for nothing.
      if (!reply.raw.writableFinished) caller.abort();
    });
    (request as RequestWithContext)[CONTEXT] = {
      principal: NOBODY,
      trace,
      requestId,
      signal: caller.signal,
    };
    void reply.header('x-request-id', requestId);
    withLogFields({ request_id: requestId, trace_id: trace.traceId }, done);
  });
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
