import { Catch } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AppError } from '#contract';
import type { AllowedMethods } from './allowed-methods.js';
import { errorReply } from './error-envelope.js';
import type { ErrorBody } from './error-envelope.js';

/** Writes the ErrorEnvelope for whatever was thrown, in every service. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly allowedMethods: AllowedMethods,
    private readonly errorBody: ErrorBody,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const response = host.switchToHttp().getResponse<FastifyReply>();
    const { status, body, headers, unexpected } = errorReply(this.refineRouteNotFound(thrown, request));
    if (unexpected) this.logger.error({ err: thrown }, 'unexpected error');
    else if (thrown instanceof AppError && thrown.cause !== undefined) {
      this.logger.warn({ err: thrown.cause, code: thrown.code }, thrown.message);
    }
    if (response.sent || response.raw.headersSent) {
      response.raw.destroy();
      return;
    }
    void response
      .status(status)
      .headers(headers)
      .type('application/json')
      .send(this.errorBody(body, request, response) ?? body);
  }

  /** A 404 of the router is 405 when another method has the path. Our own 404s are AppErrors and pass. */
  private refineRouteNotFound(thrown: unknown, request: FastifyRequest): unknown {
    if (thrown instanceof AppError || errorReply(thrown).body.error.code !== 'route_not_found') return thrown;
    const path = request.url.split('?', 1)[0] ?? '';
    const allow = this.allowedMethods.of(path);
    if (allow.length === 0) {
      return new AppError('route_not_found', {
        message: `This service has no route ${path}. See /docs for those it has.`,
      });
    }
    return new AppError('method_not_allowed', {
      message: `${path} does not accept ${request.method}; it accepts ${allow.join(', ')}.`,
      details: { allow },
    });
  }
}
