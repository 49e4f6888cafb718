import { ERROR_CATALOGUE } from '#contract';
import { toolFailureOf } from './node-failure.js';
import type { NodeError } from './node-failure.js';

type Expected = readonly [code: string, blame: string, mayRepeat: boolean];

const IDEMPOTENT: readonly [NodeError, ...Expected][] = [
  [{ code: 'upstream_busy', retryable: true }, 'tool_upstream_error', 'upstream', true],
  [{ code: 'upstream_error' }, 'tool_upstream_error', 'upstream', false],
  [{ code: 'upstream_refused', details: { status: 422 } }, 'tool_params_invalid', 'caller', false],
  [{ code: 'city_unknown' }, 'tool_params_invalid', 'caller', false],
  [{ code: 'city_unknown', details: { status: 502 } }, 'tool_upstream_error', 'upstream', false],
  [{ code: 'invalid_inputs' }, 'tool_params_invalid', 'caller', false],
  [{ code: 'egress_denied' }, 'tool_policy_denied', 'caller', false],
  [{ code: 'credential_refused', details: { status: 401 } }, 'tool_upstream_error', 'upstream', false],
  [{ code: 'credential_missing' }, 'tool_not_configured', 'nobody', false],
  [{ code: 'credential_store_unavailable', retryable: true }, 'atomic_executor_unavailable', 'nobody', true],
  [{ code: 'timeout', retryable: true }, 'tool_upstream_timeout', 'upstream', true],
  [{ code: 'http_timeout', retryable: true }, 'tool_upstream_timeout', 'upstream', true],
  [{ code: 'http_unreachable', retryable: true }, 'tool_upstream_error', 'upstream', true],
  [{ code: 'handler_error' }, 'tool_upstream_error', 'upstream', false],
  [{ code: 'outcome_unknown' }, 'tool_outcome_unknown', 'upstream', false],
  [{ code: 'approval_denied' }, 'tool_policy_denied', 'caller', false],
];

describe('toolFailureOf', () => {
  it.each(IDEMPOTENT)('%j of an idempotent action is %s', (error, code, blame, mayRepeat) => {
    const failure = toolFailureOf(error, { isIdempotent: true });
    expect([failure.code, failure.facts.blame, failure.facts.mayRepeat]).toEqual([code, blame, mayRepeat]);
  });

  it.each([
    'timeout',
    'http_timeout',
    'http_unreachable',
    'handler_crashed',
    'executor_stopped',
    'execution_uncertain',
    'handler_error',
    'invalid_outputs',
    'canceled',
  ])('%s of an action that must not be repeated leaves the outcome open', (code) => {
    const failure = toolFailureOf({ code, retryable: true }, { isIdempotent: false });
    expect([failure.code, failure.facts.mayRepeat]).toEqual(['tool_outcome_unknown', false]);
  });

  it('is never 401 or 429, whatever the upstream says', () => {
    for (let status = 400; status < 600; status += 1) {
      for (const retryable of [true, false]) {
        const failure = toolFailureOf({ code: 'any', retryable, details: { status } }, { isIdempotent: true });
        expect([400, 502]).toContain(ERROR_CATALOGUE[failure.code].status);
      }
    }
  });

  it('tells a code, a status and how long to wait, and nothing else', () => {
    const details = { status: 429, retry_after: 1.2, body: 's3cret', headers: {} };
    const failure = toolFailureOf({ code: 'rate_limited', retryable: true, details }, { isIdempotent: true });
    expect(failure.details).toEqual({ node_error: 'rate_limited', status: 429, retry_after: 2 });
    const odd = toolFailureOf(
      { code: 'a', details: { status: 's3cret', retry_after: 's3cret' } },
      { isIdempotent: true },
    );
    expect(odd.details).toEqual({ node_error: 'a' });
  });
});
