import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiResponse } from '@nestjs/swagger';
import { BODY_ERRORS } from '#http';
import { ToolEndpoint } from '../wire/tool-endpoint.decorator.js';
import { JobAccepted, ProxyAnswer } from './proxy-answer.js';
import { ProxyRequest } from './proxy-request.js';

/** The route of calls. It reads its body itself, and has two kinds of success. */
export function CallToolEndpoint(): MethodDecorator {
  return applyDecorators(
    ApiBody({ type: ProxyRequest }),
    ApiHeader({
      name: 'DPoP',
      required: false,
      description:
        'Proof of possession (RFC 9449), for a token with cnf.jkt, which is then sent as Authorization: DPoP.',
      schema: { type: 'string' },
    }),
    ApiResponse({ status: 202, description: 'With `async`: the call was taken on as a job.', type: JobAccepted }),
    ToolEndpoint({
      operationId: 'call_tool',
      summary: 'Call a tool',
      tag: 'calls',
      access: 'unguarded',
      ownToken: true,
      idempotencyKey: true,
      responds: ProxyAnswer,
      description: 'The answer of the tool.',
      errors: [
        ...BODY_ERRORS,
        'agent_token_invalid',
        'agent_token_expired',
        'agent_token_revoked',
        'dpop_proof_invalid',
        'agent_inactive',
        'unknown_tool',
        'tool_not_permitted',
        'idempotency_conflict',
        'idempotency_in_progress',
        'tool_params_invalid',
        'tool_policy_denied',
        'tool_rate_limited',
        'tool_quota_exceeded',
        'tool_circuit_open',
        'tool_overloaded',
        'execution_overloaded',
        'tool_not_configured',
        'tool_upstream_error',
        'tool_upstream_timeout',
        'tool_outcome_unknown',
        'tool_response_blocked',
        'atomic_executor_unavailable',
        'jobs_unconfigured',
        'database_unavailable',
      ],
    }),
  );
}
