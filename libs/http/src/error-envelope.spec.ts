import { validateHeaderValue } from 'node:http';
import { AppError } from '#contract';
import { errorReply } from './error-envelope.js';

/** What a peer may have said, which an error passes on. */
const HOSTILE = ['a", realm="b', 'a\r\nset-cookie: x=1', '中', '\0', 'a\\', '', 7, {}, null];

describe('the headers of an error', () => {
  it('challenge who lacks a permission, by its name', () => {
    const { headers } = errorReply(new AppError('forbidden', { details: { required_permission: 'run.read' } }));
    expect(headers['www-authenticate']).toMatch(/^Bearer error="insufficient_scope", .*, scope="run\.read"$/);
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
