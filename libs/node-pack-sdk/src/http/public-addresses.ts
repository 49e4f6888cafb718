import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ReturnType<typeof ipaddr.parse>;

/** An address and how many of its bits count. */
export type AddressRange = readonly [address: Address, bits: number];

/** All of IPv6 that has been given out for ordinary use; the library calls unicast whatever it has no other name for. */
const GLOBAL_UNICAST_V6 = ipaddr.parseCIDR('2000::/3');

/**
 * @param text an address, or a range such as `10.1.0.0/16` or `fd00::/8`
 * @throws TypeError that names the text
 */
export function parseAddressRange(text: string): AddressRange {
  const [address = '', bits, ...rest] = text.split('/');
  const most = isIP(address) === 4 ? 32 : 128;
  const count = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity;
  if (isIP(address) === 0 || count > most || rest.length > 0) {
    throw new TypeError(`"${text}" is neither an IP address nor a range such as 10.1.0.0/16 or fd00::/8.`);
  }
  return [ipaddr.parse(address), count];
}

/**
 * What an address is instead of public, such as `loopback` or `link local`; undefined when it may be connected to. An IPv4 address in
 * the clothes of IPv6 (`::ffff:127.0.0.1`) is judged as what it is; other ways to wrap one (NAT64, 6to4, Teredo) are never public.
 */
export function whyNotPublic(address: string, allowed: readonly AddressRange[]): string | undefined {
  if (isIP(address) === 0) return 'unreadable';
  const parsed = asItIs(address);
  if (isIn(parsed, allowed)) return undefined;
  const range = parsed.range();
  if (range !== 'unicast') return range.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return parsed.kind() === 'ipv6' && !parsed.match(GLOBAL_UNICAST_V6) ? 'reserved' : undefined;
}

/** One address as a range, the same for all its spellings. */
export function rangeOf(address: string): AddressRange {
  const parsed = asItIs(address);
  return [parsed, parsed.kind() === 'ipv4' ? 32 : 128];
}

/** Whether an address is one of a list of `rangeOf`, in whatever spelling. */
export function isAmong(address: string, ranges: readonly AddressRange[]): boolean {
  return isIP(address) !== 0 && isIn(asItIs(address), ranges);
}

function isIn(address: Address, ranges: readonly AddressRange[]): boolean {
  return ranges.some(([start, bits]) => start.kind() === address.kind() && address.match(start, bits));
}

/** An IPv4 address in the clothes of IPv6 without them. */
function asItIs(address: string): Address {
  return ipaddr.process(isIP(address) === 4 ? address : inHex(address));
}

/** Without dots and zone: the library takes `::8.8.8.8`, which is nobody's address, for `::ffff:8.8.8.8`. */
function inHex(address: string): string {
  return new URL(`http://[${address.replace(/%.*/, '')}]`).hostname.slice(1, -1);
}
