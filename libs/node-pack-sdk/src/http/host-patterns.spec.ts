import fc from 'fast-check';
import { matchesHost, parseHostPattern } from './host-patterns.js';

const matches = (pattern: string, url: string) => matchesHost(parseHostPattern(pattern), new URL(url), 'web');

describe('a host pattern', () => {
  it.each([
    ['api.example.com', 'https://api.example.com/v1'],
    ['api.example.com', 'http://api.example.com'],
    ['api.example.com', 'https://API.Example.COM'],
    ['api.example.com', 'https://api.example.com.'],
    ['API.example.com.', 'https://api.example.com'],
    ['api.example.com', 'http://api.example.com:443'],
    ['api.example.com:8443', 'https://api.example.com:8443'],
    ['api.example.com:80', 'http://api.example.com'],
    ['api.example.com:*', 'https://api.example.com:1'],
    ['*.example.com', 'https://a.example.com'],
    ['*.example.com', 'https://a.b.example.com.'],
    ['*.example.com:*', 'https://a.example.com:99'],
    ['*', 'https://anything.test'],
    ['*', 'http://192.0.2.1'],
    ['*:8443', 'https://anything.test:8443'],
    ['bücher.example', 'https://xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'https://BÜCHER.example'],
    ['*.bücher.example', 'https://a.bücher.example'],
    ['[::1]:*', 'http://[0:0:0:0:0:0:0:1]:3000'],
    ['[0:0::0:1]', 'http://[::1]'],
    ['127.0.0.1', 'http://2130706433'],
  ])('%s stands for %s', (pattern, url) => expect(matches(pattern, url)).toBe(true));

  it.each([
    ['api.example.com', 'https://example.com'],
    ['api.example.com', 'https://x.api.example.com'],
    ['api.example.com', 'https://api.example.com.evil.test'],
    ['api.example.com', 'https://api-example.com'],
    ['api.example.com', 'https://evil.test/api.example.com'],
    ['api.example.com', 'https://api.example.com:8443'],
    ['api.example.com:8443', 'https://api.example.com'],
    ['*', 'https://anything.test:8443'],
    ['*.example.com', 'https://example.com'],
    ['*.example.com', 'https://badexample.com'],
    ['*.example.com', 'https://a.example.com.evil.test'],
    ['[::1]', 'http://[::2]'],
  ])('%s does not stand for %s', (pattern, url) => expect(matches(pattern, url)).toBe(false));

  it('stands for every port, when it names none and is asked so', () => {
    const [bare, named] = [parseHostPattern('example.com'), parseHostPattern('example.com:8443')];
    expect(matchesHost(bare, new URL('http://example.com:8080'), 'any')).toBe(true);
    expect(matchesHost(named, new URL('http://example.com:8080'), 'any')).toBe(false);
  });

  it.each(['', ' ', '*.', 'a.*.com', '**', 'http://example.com', 'example.com/x', 'user@example.com', 'a b.com'])(
    'is refused by name when it cannot be read: %j',
    (text) => expect(() => parseHostPattern(text)).toThrow(new RegExp(`^"${text.replaceAll('*', '\\*')}" is not`)),
  );
  it.each(['example.com:', 'example.com:x', 'example.com:65536', '[::1', '[::g]', '[1.2.3.4]', 'example.com:80:80'])(
    'is refused by name when it cannot be read: %j',
    (text) => expect(() => parseHostPattern(text)).toThrow(TypeError),
  );

  const label = fc.stringMatching(/^[a-z]([a-z0-9]{0,10}[a-z])?$/).filter((text) => !text.startsWith('xn'));
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const port = fc.integer({ min: 1, max: 65_535 });

  it('of one host stands for that host alone', () => {
    fc.assert(fc.property(name, name, (one, other) => matches(one, `https://${other}`) === (one === other)));
  });

  it('of subdomains stands for what ends in a dot and the name', () => {
    fc.assert(
      fc.property(name, name, (one, other) => {
        expect(matches(`*.${one}`, `https://${other}.${one}`)).toBe(true);
        expect(matches(`*.${one}`, `https://${other}`)).toBe(other.endsWith(`.${one}`));
      }),
    );
  });

  it('with a port stands for that port alone, of either scheme', () => {
    fc.assert(
      fc.property(name, port, port, fc.constantFrom('http', 'https'), (host, one, other, scheme) => {
        expect(matches(`${host}:${one}`, `${scheme}://${host}:${other}`)).toBe(one === other);
        expect(matches(host, `${scheme}://${host}:${one}`)).toBe(one === 80 || one === 443);
        expect(matches(`${host}:*`, `${scheme}://${host}:${one}`)).toBe(true);
      }),
    );
  });
});
