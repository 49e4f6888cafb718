import ipaddr from 'ipaddr.js';
import type { JsonValue } from './policy-engine.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Compares addresses with a range. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address; an address of one
 * family is in no range of the other.
 *
 * @param expected an address or a range
 * @returns undefined when `expected` is neither
 */
export function compareAddress(expected: JsonValue): ((actual: JsonValue) => boolean | undefined) | undefined {
  const [network = '', bits, ...more] = typeof expected === 'string' ? expected.split('/') : [];
  const base = addressOf(network);
  if (base === undefined || more.length > 0) return undefined;
  // Prefix lengths of IPv4 ranges written as IPv6 would count other bits.
  if (bits !== undefined && base.kind() === 'ipv4' && network.includes(':')) return undefined;
  const width = base.kind() === 'ipv4' ? 32 : 128;
  const length = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
  if (!(length <= width)) return undefined;
  return (actual) => {
    const address = typeof actual === 'string' ? addressOf(actual) : undefined;
    if (address === undefined) return undefined;
    return address.kind() === base.kind() && address.match(base, length);
  };
}

/** Four decimal parts, or IPv6: other notations (`127.1`, `0x7f.1`) mean different things to different programs. */
function addressOf(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  return text.includes(':') && ipaddr.IPv6.isValid(text) ? ipaddr.process(text) : undefined;
}
