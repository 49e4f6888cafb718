import type { FastifyReply, FastifyRequest } from 'fastify';
import { JsonObjectField, StringField } from '#contract';
import type { ErrorEnvelope } from '#contract';
import { CORRELATION_ID_HEADER } from './correlation-id.js';

/** The body of every error below `/api`. `error` is a sentence and not an object: clients of the original gateway read it so. */
export class ToolErrorBody {
  @StringField({ description: 'What went wrong, for a person.' })
  error!: string;

  @StringField({ description: 'Stable, for programs.' })
  code!: string;

  @StringField({ optional: true, description: 'Why policies denied it, stable.' })
  reason?: string;

  @JsonObjectField({ optional: true })
  details?: Record<string, unknown>;

  @StringField()
  correlation_id!: string;
}

/** The flat error of the routes that agents use; undefined elsewhere, where the envelope of the standard holds. */
export function toolErrorOf(
  { error }: ErrorEnvelope,
  request: FastifyRequest,
  reply: FastifyReply,
): ToolErrorBody | undefined {
  if (!request.url.startsWith('/api/')) return undefined;
  const { reason, ...details } = error.details ?? {};
  return {
    error: error.message,
    code: error.code,
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(Object.keys(details).length === 0 ? {} : { details }),
    correlation_id: String(reply.getHeader(CORRELATION_ID_HEADER) ?? ''),
  };
}
