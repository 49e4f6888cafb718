import { validateHeaderValue } from 'node:http';
import { AppError, ERROR_CATALOGUE } from '#contract';
import type { ErrorCode } from '#contract';
import { errorReply } from './error-envelope.js';

/** What a peer may have said, which an error passes on. */
const HOSTILE = ['a", realm="b', 'a\r\nset-cookie: x=1', '中', '\0', 'a\\', '', 7, {}, null];

describe('the headers of an error', () => {
  it('challenge who lacks a permission, by its name', () => {
    const { headers } = errorReply(new AppError('forbidden', { details: { required_permission: 'run.read' } }));
    expect(headers['www-authenticate']).toMatch(/^Bearer error="insufficient_scope", .*, scope="run\.read"$/);
  });

  const unauthorized = Object.entries(ERROR_CATALOGUE).flatMap(([code, { status }]) =>
    status === 401 ? [code as ErrorCode] : [],
  );

  it.each(unauthorized.filter((code) => code !== 'dpop_proof_invalid'))(
    'challenge who has no good token: %s',
    (code) => {
      const { headers } = errorReply(new AppError(code, { message: 'No "token".' }));
      expect(headers['www-authenticate']).toBe(`Bearer error="invalid_token", error_description="No 'token'."`);
    },
  );

  it('challenge who lacks a proof of possession, with the algorithms that it may have', () => {
    const challenge = (details?: Record<string, unknown>) =>
      errorReply(new AppError('dpop_proof_invalid', { message: 'No.', ...(details === undefined ? {} : { details }) }))
        .headers['www-authenticate'];
    expect(challenge()).toBe('DPoP error="invalid_dpop_proof", error_description="No."');
    expect(challenge({ algs: ['ES256', 'a"b', 'EdDSA'] })).toBe(`${challenge() ?? ''}, algs="ES256 EdDSA"`);
  });

  it('name the methods that are allowed', () => {
    expect(errorReply(new AppError('method_not_allowed', { details: { allow: ['GET', 'POST'] } })).headers).toEqual({
      allow: 'GET, POST',
    });
  });

  it.each(HOSTILE)('hold nothing that is none of theirs: %j', (value) => {
    const message = typeof value === 'string' ? value : 'No.';
    for (const error of [
      new AppError('forbidden', { message, details: { required_permission: value } }),
      new AppError('unauthorized', { message, details: { error: value } }),
      new AppError('method_not_allowed', { message, details: { allow: ['GET', value] } }),
    ]) {
      const { headers } = errorReply(error);
      for (const [name, text] of Object.entries(headers)) {
        expect(() => validateHeaderValue(name, text)).not.toThrow();
        expect(text).toMatch(
          name === 'allow'
            ? /^GET$/
            : /^Bearer error="(insufficient_scope|invalid_token)", error_description="[^"\\]*"$/,
        );
      }
      expect(Object.keys(headers)).toHaveLength(1);
    }
  });
});
