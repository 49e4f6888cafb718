import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { contextOf } from '#http';

export const CORRELATION_ID_HEADER = 'x-correlation-id';
const CORRELATION_ID = /^[A-Za-z0-9_.:-]{1,128}$/;

/** Answers every request with the caller's correlation id, or with the request id where it sent none that can be one. */
export function installCorrelationId(instance: FastifyInstance): void {
  instance.addHook('onRequest', (request, reply, done) => {
    const offered = request.headers[CORRELATION_ID_HEADER];
    const isOne = typeof offered === 'string' && CORRELATION_ID.test(offered);
    void reply.header(CORRELATION_ID_HEADER, isOne ? offered : contextOf(request).requestId);
    done();
  });
}

/** The correlation id of the request: `@CorrelationId() correlationId: string`. */
export const CorrelationId = createParamDecorator((_: unknown, host: ExecutionContext): string =>
  String(host.switchToHttp().getResponse<FastifyReply>().getHeader(CORRELATION_ID_HEADER)),
);
