import fc from 'fast-check';
import { parseAddressRange, whyNotPublic } from './public-addresses.js';

describe('an address', () => {
  it.each([
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['10.0.0.1', 'private'],
    ['100.64.0.1', 'carrier grade nat'],
    ['100.127.255.255', 'carrier grade nat'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['169.254.169.254', 'link local'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.0.0.8', 'reserved'],
    ['192.0.2.1', 'reserved'],
    ['192.88.99.1', 'reserved'],
    ['192.168.1.1', 'private'],
    ['198.18.0.1', 'reserved'],
    ['198.19.255.255', 'reserved'],
    ['198.51.100.1', 'reserved'],
    ['203.0.113.1', 'reserved'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::7f00:1', 'reserved'],
    ['::127.0.0.1', 'reserved'],
    ['::8.8.8.8', 'reserved'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['::ffff:a9fe:a9fe', 'link local'],
    ['::ffff:0:7f00:1', 'rfc6145'],
    ['64:ff9b::7f00:1', 'rfc6052'],
    ['64:ff9b::8.8.8.8', 'rfc6052'],
    ['64:ff9b:1::1', 'rfc6052'],
    ['100::1', 'discard'],
    ['2001::1', 'teredo'],
    ['2001:2::1', 'benchmarking'],
    ['2001:db8::1', 'reserved'],
    ['2002:7f00:1::', '6to4'],
    ['3fff::1', 'reserved'],
    ['4000::1', 'reserved'],
    ['5f00::1', 'segment routing'],
    ['fc00::1', 'unique local'],
    ['fd00:ec2::254', 'unique local'],
    ['fe80::1', 'link local'],
    ['fe80::1%eth0', 'link local'],
    ['fec0::1', 'deprecated site local'],
    ['ff02::1', 'multicast'],
    ['example.com', 'unreadable'],
    ['010.0.0.1', 'unreadable'],
    ['127.1', 'unreadable'],
    ['', 'unreadable'],
  ])('%s is not public: %s', (address, kind) => expect(whyNotPublic(address, [])).toBe(kind));

  it.each([
    ...['1.1.1.1', '8.8.8.8', '100.63.255.255', '100.128.0.0', '172.15.255.255', '172.32.0.0', '223.255.255.255'],
    ...['2606:4700:4700::1111', '2a00:1450::1', '::ffff:8.8.8.8'],
  ])('%s is public', (address) => expect(whyNotPublic(address, [])).toBeUndefined());

  it.each([
    ['10.1.2.3', '10.1.0.0/16', undefined],
    ['10.2.2.3', '10.1.0.0/16', 'private'],
    ['127.0.0.1', '127.0.0.1', undefined],
    ['127.0.0.2', '127.0.0.1', 'loopback'],
    ['::ffff:127.0.0.1', '127.0.0.0/8', undefined],
    ['::1', '::1', undefined],
    ['fd00::5', 'fd00::/8', undefined],
    ['::1', '127.0.0.0/8', 'loopback'],
    ['127.0.0.1', '::/0', 'loopback'],
  ])('%s, where %s is allowed: %s', (address, range, kind) => {
    expect(whyNotPublic(address, [parseAddressRange(range)])).toBe(kind);
  });

  it('is allowed by exactly the ranges that hold it', () => {
    const octets = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3));
    fc.assert(
      fc.property(octets, octets, fc.nat(3), (one, other, shared) => {
        const range = `10.${other.map((octet, index) => (index < shared ? octet : 0)).join('.')}/${8 + 8 * shared}`;
        const holds = one.slice(0, shared).join('.') === other.slice(0, shared).join('.');
        expect(whyNotPublic(`10.${one.join('.')}`, [parseAddressRange(range)])).toBe(holds ? undefined : 'private');
      }),
    );
  });
});

describe('a range', () => {
  it.each(['', 'localhost', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '10.1', '0x7f.0.0.1'])(
    'is refused by name when it cannot be read: %j',
    (text) => expect(() => parseAddressRange(text)).toThrow(`"${text}" is neither`),
  );
});
