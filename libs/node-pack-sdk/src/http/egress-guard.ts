import { isIP } from 'node:net';
import type { EgressRules } from './egress-rules.js';
import { matchesHost, parseHostPattern } from './host-patterns.js';
import type { PortsByDefault } from './host-patterns.js';
import { egressDenied, invalidUrl } from './http-failures.js';
import { isAmong, parseAddressRange, rangeOf, whyNotPublic } from './public-addresses.js';
import type { AddressRange } from './public-addresses.js';

/** Says what may be called. Both throw TerminalError, `egress_denied` or `invalid_url`. */
export interface EgressGuard {
  /** To be asked before each request: for a literal address nothing is looked up, so nobody else would check it. */
  readonly checkUrl: (url: URL) => void;
  /** To be asked for each address that a host name was found to have. */
  readonly checkAddress: (hostname: string, address: string) => void;
}

/** @throws TypeError that names a pattern or range that cannot be read */
export function createEgressGuard(rules: EgressRules): EgressGuard {
  const declared = matcher(rules.declared, 'web');
  const allowed = rules.allow === undefined ? () => true : matcher(rules.allow, 'web');
  const blocked = matcher(rules.block, 'any');
  const { allow: callAllow, block: callBlock = [] } = rules.call ?? {};
  const allowedToCall = callAllow === undefined ? () => true : matcher(callAllow, 'web');
  const blockedToCall = matcher(callBlock, 'any');
  const allowPrivate = rules.allowPrivate.map(parseAddressRange);
  // A host can be called by other spellings of its address, and by any name that leads there.
  const blockedAddresses = [...rules.block.flatMap(addressOf), ...NEVER];
  const addressesBlockedToCall = callBlock.flatMap(addressOf);
  return {
    checkUrl: (url) => {
      if (url.protocol !== 'http:' && url.protocol !== 'https:') {
        throw invalidUrl(`Only http and https can be called, not ${url.protocol.slice(0, -1)}.`);
      }
      if (url.username !== '' || url.password !== '') {
        throw invalidUrl(`The URL for ${url.host} holds a user name or password; send them in a header.`);
      }
      if (blocked(url)) throw egressDenied(`The operator has blocked ${url.host}.`);
      if (!declared(url)) throw egressDenied(notDeclared(url.host, rules.declared));
      if (!allowed(url)) {
        throw egressDenied(
          `${url.host} is not on the operator's list of allowed hosts. The operator can add it there${PORTS}.`,
        );
      }
      if (blockedToCall(url)) throw egressDenied(`The policy of this call blocks ${url.host}.`);
      if (!allowedToCall(url)) {
        throw egressDenied(`${url.host} is not among the hosts that the policy of this call allows.`);
      }
      const literal = url.hostname.replace(/^\[|\]$/g, '');
      if (isAmong(literal, blockedAddresses)) throw egressDenied(`The operator has blocked ${url.host}.`);
      if (isAmong(literal, addressesBlockedToCall)) {
        throw egressDenied(`The policy of this call blocks ${url.host}.`);
      }
      const kind = isIP(literal) === 0 ? undefined : whyNotPublic(literal, allowPrivate);
      if (kind !== undefined) throw egressDenied(`${url.host} is not a public address (${kind}). ${EXCEPTION}`);
    },
    checkAddress: (hostname, address) => {
      if (isAmong(address, blockedAddresses)) throw egressDenied(`The operator has blocked an address of ${hostname}.`);
      if (isAmong(address, addressesBlockedToCall)) {
        throw egressDenied(`The policy of this call blocks an address of ${hostname}.`);
      }
      const kind = whyNotPublic(address, allowPrivate);
      if (kind === undefined) return;
      throw egressDenied(
        `${hostname} has an address that is not public (${kind}). ${EXCEPTION}`,
        new Error(`${hostname} resolved to ${address}`),
      );
    },
  };
}

/** Public by their number, and the platform of a cloud by what answers there. */
const NEVER: readonly AddressRange[] = [rangeOf('168.63.129.16')];

/** The address of a block pattern that is one. */
function addressOf(pattern: string): AddressRange[] {
  const host = /^\[(.+)\](?::.*)?$/.exec(pattern)?.[1] ?? pattern.replace(/:(\*|\d{1,5})$/, '');
  return isIP(host) === 0 ? [] : [rangeOf(host)];
}

const EXCEPTION = 'The operator can allow private addresses one by one.';
const PORTS = '; a host without a port stands for 80 and 443';

function matcher(texts: readonly string[], portsByDefault: PortsByDefault): (url: URL) => boolean {
  const patterns = texts.map(parseHostPattern);
  return (url) => patterns.some((pattern) => matchesHost(pattern, url, portsByDefault));
}

function notDeclared(host: string, declared: readonly string[]): string {
  return declared.length === 0
    ? `The node declares no hosts, so it cannot call ${host}. Its author lists them under "egress".`
    : `The node does not declare ${host}, only ${declared.join(', ')}. Its author lists hosts under "egress"${PORTS}.`;
}
