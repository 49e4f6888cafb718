import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

const LABELS = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/**
 * The one way to write a host: lower case, punycode, no dot at the end, addresses as the URL standard writes them (IPv6 without
 * brackets).
 *
 * @param text a host name or an address, with or without a port
 * @returns undefined when it is none
 * @example hostNameOf('Bücher.Example.:443') === 'xn--bcher-kva.example'
 */
export function hostNameOf(text: string): string | undefined {
  if (isIP(text) === 6) return hostNameOf(`[${text}]`);
  // What else could stand in a URL must not be taken for a host.
  if (!/^(\[[\da-f:.]+\]|[^\s/\\?#@:[\]%]+)(:\d{0,5})?$/i.test(text)) return undefined;
  let host: string;
  try {
    host = new URL(`http://${text}`).hostname;
  } catch {
    return undefined;
  }
  if (host.startsWith('[')) return host.slice(1, -1);
  const name = domainToASCII(host.replace(/\.$/, ''));
  return LABELS.test(name) ? name : undefined;
}

/** Whether a host is a domain or one of its subdomains. Both as `hostNameOf` writes them. */
export function isWithin(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && isIP(domain) === 0);
}

/** The same hosts without those domains that lie in another; sorted. */
export function fewestDomains(domains: readonly string[]): string[] {
  const all = [...new Set(domains)];
  return all.filter((one) => !all.some((other) => other !== one && isWithin(one, other))).sort();
}

/** The domains whose hosts are in both lists. */
export function commonDomains(left: readonly string[], right: readonly string[]): string[] {
  const common = left.flatMap((one) =>
    right.flatMap((other) => {
      if (isWithin(one, other)) return [one];
      return isWithin(other, one) ? [other] : [];
    }),
  );
  return fewestDomains(common);
}
