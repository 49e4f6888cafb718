import {
  GatewayAuthError,
  GatewayError,
  gatewayErrors,
  GatewayPolicyError,
  GatewayRateLimitError,
  GatewayUpstreamError,
} from './gateway-errors.js';

function refused(status: number, body: unknown, headers: Record<string, string> = {}): Error {
  const isText = typeof body === 'string';
  return gatewayErrors.refused({
    status,
    headers: new Headers(headers),
    body: isText ? undefined : body,
    text: isText ? body : JSON.stringify(body),
    correlationId: 'ours',
  });
}

describe('errors of the tool gateway', () => {
  it.each([
    [401, 'agent_token_expired', GatewayAuthError, false],
    [401, 'dpop_proof_invalid', GatewayAuthError, false],
    [403, 'agent_inactive', GatewayAuthError, false],
    [403, 'tool_policy_denied', GatewayPolicyError, false],
    [403, 'tool_not_permitted', GatewayPolicyError, false],
    [403, 'tool_response_blocked', GatewayPolicyError, false],
    [404, 'job_not_found', GatewayError, false],
    [400, 'tool_params_invalid', GatewayError, false],
    [409, 'idempotency_conflict', GatewayError, false],
    [409, 'idempotency_in_progress', GatewayError, true],
    [429, 'tool_quota_exceeded', GatewayRateLimitError, true],
    [502, 'tool_upstream_error', GatewayUpstreamError, true],
    [502, 'tool_outcome_unknown', GatewayUpstreamError, false],
    [503, 'tool_not_configured', GatewayUpstreamError, false],
    [503, 'tool_circuit_open', GatewayUpstreamError, true],
    [504, 'tool_upstream_timeout', GatewayUpstreamError, true],
  ])('%i %s', (status, code, kind, retryable) => {
    const error = refused(status, { error: 'No.', code, reason: 'why', details: { a: 1 }, correlation_id: 'theirs' });
    expect(error.constructor).toBe(kind);
    expect(error).toMatchObject({
      name: kind.name,
      message: 'No.',
      status,
      code,
      reason: 'why',
      details: { a: 1 },
      retryable,
      correlationId: 'theirs',
    });
    expect(error).toBeInstanceOf(GatewayError);
  });

  it('is lenient with what is not of this gateway', () => {
    expect(refused(403, { error: 'Policy denied', reason: 'scope' })).toBeInstanceOf(GatewayPolicyError);
    expect(refused(403, { error: 'Token expired' })).toBeInstanceOf(GatewayAuthError);
    expect(refused(400, { error: "Scope 'a:b' not allowed" })).toBeInstanceOf(GatewayPolicyError);
    expect(refused(422, { detail: 'field required' })).toMatchObject({ message: 'field required', code: 'http_422' });
    expect(refused(422, { detail: [{ loc: ['q'] }] }).message).toContain('422');
    expect(refused(500, { error: { code: 'internal_error', message: 'Broken.', details: 1 } })).toMatchObject({
      message: 'Broken.',
      code: 'internal_error',
      details: 1,
    });
    expect(refused(502, '<html><style>p{}</style><h1>Bad  Gateway</h1></html>')).toMatchObject({
      message: 'The answer is 502: Bad Gateway.',
      code: 'http_502',
      retryable: true,
      correlationId: 'ours',
    });
    expect(refused(500, '')).toMatchObject({ message: 'The answer is 500.', retryable: false });
    for (const body of [null, [], 'null', 7, { error: 7 }]) expect(refused(401, body)).toBeInstanceOf(GatewayAuthError);
  });

  it.each([
    [{ 'retry-after': '7' }, {}, 7],
    [{ 'retry-after': '0.2' }, {}, 1],
    [{ 'retry-after': new Date(Date.now() - 5_000).toUTCString() }, {}, 0],
    [{ 'retry-after': 'soon' }, { details: { retry_after: 3 } }, 3],
    [{}, { retry_after: 4 }, 4],
    [{}, {}, undefined],
  ])('retryAfter of %j and %j', (headers, body, expected) => {
    expect(refused(429, body, headers as Record<string, string>)).toMatchObject({ retryAfter: expected });
  });

  it('retryAfter of a date in the future', () => {
    const { retryAfter } = refused(
      429,
      {},
      { 'retry-after': new Date(Date.now() + 60_000).toUTCString() },
    ) as GatewayRateLimitError;
    expect(retryAfter).toBeGreaterThan(50);
    expect(retryAfter).toBeLessThanOrEqual(60);
  });
});
