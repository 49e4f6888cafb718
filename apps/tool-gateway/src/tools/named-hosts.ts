const URL_FORMATS = ['uri', 'url', 'iri', 'uri-reference', 'iri-reference'];
const MAIL_FORMATS = ['email', 'idn-email'];
/** Whom a mail goes to, whatever the schema says of the format. */
const RECIPIENTS = ['to', 'cc', 'bcc'];
const COMBINED = ['allOf', 'anyOf', 'oneOf', 'then', 'else', 'if', 'not', 'dependentSchemas'] as const;
const DEEPEST = 32;

type Schema = Readonly<Record<string, unknown>>;

/**
 * The hosts that parameters name: those of URLs (strings of the format `uri` and its kind) and of the addresses of mails (the format
 * `email`, and `to`, `cc` and `bcc`). What should be a URL and cannot be read is given as it is, so that a policy refuses it.
 *
 * @param schema of the parameters
 * @returns each once, with its port if there is one
 */
export function namedHosts(schema: Schema, params: unknown): string[] {
  const hosts = new Set<string>();
  collect({ root: schema, hosts }, schema, params, 0);
  if (isObject(params)) for (const name of RECIPIENTS) addMailHosts(params[name], hosts);
  return [...hosts];
}

interface Search {
  readonly root: Schema;
  readonly hosts: Set<string>;
}

function collect(search: Search, schema: unknown, value: unknown, depth: number): void {
  if (!isObject(schema) || depth > DEEPEST) return;
  const { format, $ref } = schema;
  if (typeof value === 'string' && typeof format === 'string') {
    if (URL_FORMATS.includes(format)) addUrlHost(value, search.hosts);
    if (MAIL_FORMATS.includes(format)) addMailHosts(value, search.hosts);
  }
  if (typeof $ref === 'string') collect(search, referred(search.root, $ref), value, depth + 1);
  for (const key of COMBINED) {
    const parts = schema[key];
    const all = Array.isArray(parts)
      ? parts
      : isObject(parts) && key === 'dependentSchemas'
        ? Object.values(parts)
        : [parts];
    for (const part of all) collect(search, part, value, depth + 1);
  }
  if (Array.isArray(value)) collectItems(search, schema, value, depth);
  else if (isObject(value)) collectProperties(search, schema, value, depth);
}

function collectItems(search: Search, { prefixItems, items, contains }: Schema, value: unknown[], depth: number): void {
  const first: unknown[] = Array.isArray(prefixItems) ? prefixItems : [];
  value.forEach((item, index) => {
    collect(search, first[index] ?? items, item, depth + 1);
    collect(search, contains, item, depth + 1);
  });
}

function collectProperties(search: Search, schema: Schema, value: Schema, depth: number): void {
  const { properties, patternProperties, additionalProperties } = schema;
  for (const [name, item] of Object.entries(value)) {
    const own = isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
    collect(search, own ?? additionalProperties, item, depth + 1);
    // Of any pattern: taking a host too many narrows only.
    if (isObject(patternProperties)) {
      for (const part of Object.values(patternProperties)) collect(search, part, item, depth + 1);
    }
  }
}

/** Within the schema itself: `#`, `#/$defs/address`. */
function referred(root: Schema, ref: string): unknown {
  if (!ref.startsWith('#')) return undefined;
  let found: unknown = root;
  for (const part of ref.slice(1).split('/').slice(1)) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return found;
}

function addUrlHost(text: string, hosts: Set<string>): void {
  try {
    hosts.add(new URL(text).host || text);
  } catch {
    hosts.add(text);
  }
}

/** The domain of an address that ends where an address may: what mailers make of anything else is theirs to say. */
const MAIL_DOMAIN = /@([^\s,;<>"'()@]+)(?= *(?:[,;>]|$)|["'] ?<[^<>@\s]+@[^<>@\s]+>)/g;

/**
 * Of one address, of several in one text, or of a list; with names beside them or without. A text with an @ that is not before such a
 * domain is given too, so that a policy refuses it: mailers read `ann@corp.example "".evil.example` as one address.
 */
function addMailHosts(value: unknown, hosts: Set<string>): void {
  for (const text of Array.isArray(value) ? value : [value]) {
    if (typeof text !== 'string') continue;
    const domains = [...text.matchAll(MAIL_DOMAIN)].map(([, domain]) => domain ?? '');
    const isClear = domains.length > 0 && domains.length === text.split('@').length - 1;
    for (const host of isClear ? domains : [...domains, text]) hosts.add(host.toLowerCase());
  }
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
