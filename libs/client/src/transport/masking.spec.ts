import fc from 'fast-check';
import { extractCorrelationId, generateCorrelationId } from './correlation.js';
import { maskSecrets } from './masking.js';

describe('maskSecrets', () => {
  it.each([
    ...[
      'password',
      'token',
      'key',
      'secret',
      'api_key',
      'apiKey',
      'APIKEY',
      'X-API-Key',
      'authorization',
      'Proxy-Authorization',
    ],
    ...[
      'cookie',
      'Set-Cookie',
      'access_token',
      'refreshToken',
      'clientSecret',
      'privateKeyPem',
      'credentials',
      'assertion',
    ],
  ])('hides %s at any depth', (name) => {
    expect(maskSecrets({ a: [{ b: { [name]: 'x' } }], [name]: { inner: 1 } })).toEqual({
      a: [{ b: { [name]: '***' } }],
      [name]: '***',
    });
  });

  it('leaves the rest', () => {
    const rest = {
      keyword: 'k',
      monkey: 'm',
      max_tokens: 100,
      text: 'a b',
      author: 'x',
      list: [1, null, true],
      q: 'keys of a piano',
    };
    expect(maskSecrets(rest)).toEqual(rest);
  });

  it('hides secrets inside texts', () => {
    expect(maskSecrets('https://me:pw@example.com/a?q=1&token=abc#x')).toBe(
      'https://***@example.com/a?q=1&token=***#x',
    );
    expect(maskSecrets(['Authorization: Bearer abc.def', 'eyJhbGciOiJub25lIn0.eyJhIjoxfQ.sig'])).toEqual([
      'Authorization: ***',
      '***',
    ]);
  });

  it('changes nothing of its argument, ends in circles, and hides a secret wherever it is (property)', () => {
    const circle: Record<string, unknown> = { a: 1 };
    circle['self'] = circle;
    expect(maskSecrets(circle)).toEqual({ a: 1, self: '[circular]' });
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.constantFrom('a', 'b', 'list'), { maxLength: 8 }), (value, path) => {
        const deep = path.reduce<unknown>((inner, name) => (name === 'list' ? [inner] : { [name]: inner, value }), {
          api_key: 'hunter2',
        });
        const before = JSON.stringify(deep);
        expect(JSON.stringify(maskSecrets(deep))).not.toContain('hunter2');
        expect(JSON.stringify(deep)).toBe(before);
      }),
    );
  });
});

describe('correlation ids', () => {
  it('are found in headers of any kind', () => {
    const id = generateCorrelationId();
    expect(id).toMatch(/^[A-Za-z0-9_.-]{1,128}$/);
    expect(extractCorrelationId(new Headers({ 'X-Correlation-Id': id }))).toBe(id);
    expect(extractCorrelationId({ 'X-CORRELATION-ID': [id] })).toBe(id);
    expect(extractCorrelationId({ other: 'x' })).toBeUndefined();
    expect(extractCorrelationId(new Headers())).toBeUndefined();
  });
});
