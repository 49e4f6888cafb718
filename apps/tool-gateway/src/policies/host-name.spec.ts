import fc from 'fast-check';
import { commonDomains, fewestDomains, hostNameOf, isWithin } from './host-name.js';

describe('hostNameOf', () => {
  it.each([
    ['Company.COM', 'company.com'],
    ['company.com.', 'company.com'],
    ['company.com:8443', 'company.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['[::1]:443', '::1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['localhost', 'localhost'],
  ])('reads %s as %s', (text, host) => {
    expect(hostNameOf(text)).toBe(host);
    expect(hostNameOf(host)).toBe(host);
  });

  it.each(['', ' ', '*.company.com', 'https://company.com', 'company.com/path', 'user@company.com', 'a..b', '-a.com'])(
    'does not read %j',
    (text) => {
      expect(hostNameOf(text)).toBeUndefined();
    },
  );

  it.each(['company.com#.evil.com', 'company.com?evil.com', 'company.com\\.evil.com', 'a b.com', 'fe80::1%eth0', '.'])(
    'takes no trick: %j',
    (text) => {
      expect(hostNameOf(text)).toBeUndefined();
    },
  );

  it('reads what it wrote, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.webAuthority(), fc.string()), (text) => {
        const host = hostNameOf(text);
        if (host !== undefined) expect(hostNameOf(host)).toBe(host);
      }),
    );
  });
});

describe('isWithin', () => {
  it.each([
    ['company.com', 'company.com', true],
    ['api.company.com', 'company.com', true],
    ['a.b.company.com', 'company.com', true],
    ['notcompany.com', 'company.com', false],
    ['company.com.evil.com', 'company.com', false],
    ['company.com', 'api.company.com', false],
    ['1.10.0.0.1', '10.0.0.1', false],
  ])('%s in %s: %s', (host, domain, expected) => {
    expect(isWithin(host, domain)).toBe(expected);
  });
});

describe('lists of domains', () => {
  const domain = fc.constantFrom('com', 'a.com', 'b.a.com', 'c.b.a.com', 'x.com', 'y.x.com', 'org', '10.0.0.1');
  const domains = fc.array(domain, { maxLength: 5 });
  const holds = (list: readonly string[], host: string) => list.some((one) => isWithin(host, one));

  it('keep their hosts when those in others are left out', () => {
    expect(fewestDomains(['b.a.com', 'a.com', 'a.com', 'org'])).toEqual(['a.com', 'org']);
    fc.assert(
      fc.property(domains, domain, (list, host) => {
        expect(holds(fewestDomains(list), host)).toBe(holds(list, host));
      }),
    );
  });

  it('have in common the hosts that both hold', () => {
    expect(commonDomains(['a.com'], ['b.a.com', 'org'])).toEqual(['b.a.com']);
    fc.assert(
      fc.property(domains, domains, domain, (left, right, host) => {
        expect(holds(commonDomains(left, right), host)).toBe(holds(left, host) && holds(right, host));
      }),
    );
  });
});
