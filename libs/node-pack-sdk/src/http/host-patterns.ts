import { domainToASCII } from 'node:url';

/** A host pattern of EgressRules, read. */
export interface HostPattern {
  /** In lower case and ASCII, without a dot at its end; of an IPv6 address the shortest spelling, in brackets. Absent: any host. */
  readonly host?: string;
  /** The subdomains of `host` instead of itself. */
  readonly subdomains: boolean;
  /** Absent: the pattern names none. */
  readonly port?: number | 'any';
}

/** Which ports a pattern stands for that names none. */
export type PortsByDefault = 'web' | 'any';

const PATTERN = /^(\*|(?:\*\.)?[^*:/?#@%\s[\]\\]+|\[[0-9a-f:.]+\])(?::(\*|\d{1,5}))?$/i;

/** @throws TypeError that names the pattern: one that is dropped in silence would let through what it should block */
export function parseHostPattern(text: string): HostPattern {
  const [, name = '', port] = PATTERN.exec(text) ?? [];
  const subdomains = name.startsWith('*.');
  const host = name === '*' ? undefined : canonicalHost(subdomains ? name.slice(2) : name);
  if (name === '' || host === '' || Number(port) > 65_535) {
    throw new TypeError(
      `"${text}" is not a host pattern; write api.example.com, *.example.com or *, with :8443 or :* for other ports than 80 and 443.`,
    );
  }
  return {
    ...(host === undefined ? {} : { host }),
    subdomains,
    ...(port === undefined ? {} : { port: port === '*' ? 'any' : Number(port) }),
  };
}

/** Whether a pattern stands for the host and port of an http or https URL. */
export function matchesHost(
  { host, subdomains, port }: HostPattern,
  url: URL,
  portsByDefault: PortsByDefault,
): boolean {
  const wanted = hostNameOf(url);
  if (host !== undefined && !(subdomains ? wanted.endsWith(`.${host}`) : wanted === host)) return false;
  const wantedPort = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  if (port === undefined) return portsByDefault === 'any' || wantedPort === 80 || wantedPort === 443;
  return port === 'any' || port === wantedPort;
}

/** Without the dot that a full name may end in: `example.com.` is `example.com`. */
function hostNameOf({ hostname }: URL): string {
  return hostname.replace(/\.+$/, '');
}

/** As WHATWG URL spells it; empty when it is no host. */
function canonicalHost(host: string): string {
  const url = `http://${host.startsWith('[') ? host : domainToASCII(host)}/`;
  return URL.canParse(url) ? hostNameOf(new URL(url)) : '';
}
