import { createEgressGuard } from './egress-guard.js';

describe('a blocked address', () => {
  const guard = (block: string[], allowPrivate: string[] = []) =>
    createEgressGuard({ declared: ['*:*'], block, allowPrivate });

  it.each(['8.8.8.8', '[::ffff:8.8.8.8]', '8.8.8.8:53'])(
    '%s is blocked in every spelling, and by every name',
    (pattern) => {
      const { checkUrl, checkAddress } = guard([pattern]);
      for (const host of ['8.8.8.8', '0x8080808', '134744072', '[::ffff:8.8.8.8]', '[::ffff:808:808]']) {
        expect(() => checkUrl(new URL(`http://${host}/`))).toThrow(/blocked/);
      }
      for (const address of ['8.8.8.8', '::ffff:8.8.8.8']) {
        expect(() => checkAddress('dns.example', address)).toThrow('blocked an address of dns.example');
      }
      expect(() => checkUrl(new URL('http://8.8.4.4/'))).not.toThrow();
      expect(() => checkAddress('dns.example', '8.8.4.4')).not.toThrow();
    },
  );

  it('of IPv6 is, and no other; the platform of a cloud always is', () => {
    const { checkAddress } = guard(['[2001:4860:4860::8888]']);
    expect(() => checkAddress('a.example', '2001:4860:4860:0:0:0:0:8888')).toThrow('blocked');
    expect(() => checkAddress('a.example', '2001:4860:4860::8844')).not.toThrow();
    expect(() => guard([], ['168.63.129.16']).checkAddress('a.example', '168.63.129.16')).toThrow('blocked');
  });
});
