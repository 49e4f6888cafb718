const HIDDEN = '***';
/** Words of a name (`apiKey`, `api_key`, `X-Api-Key`) that make its value a secret. */
const SECRET_WORDS = new Set([
  ...['password', 'passwd', 'passphrase', 'pwd', 'secret', 'secrets', 'token', 'tokens', 'key', 'keys', 'apikey'],
  ...['authorization', 'auth', 'bearer', 'cookie', 'cookies', 'credential', 'credentials', 'assertion', 'jwt', 'pin'],
]);
const SECRET_TEXT = /\b(?:Bearer|Basic|DPoP)\s+[\w.~+/=-]{4,}|\beyJ[\w-]{8,}\.[\w-]*\.?[\w-]*/gi;
const QUERY_PARAMETER = /([?&;])([^=&;#\s]+)=([^&;#\s]*)/g;
const USER_INFO = /(:\/\/)[^/@\s]+@/g;
const MAX_DEPTH = 20;

/**
 * A copy of `value` for a log: members whose name says that they are secret (password, token, key, secret, api_key,
 * authorization, cookie and the like, in any spelling, at any depth) are `***`, so are bearer tokens inside texts and
 * secrets in the query of URLs. Counts such as `max_tokens: 100` stay.
 */
export function maskSecrets(value: unknown): unknown {
  return masked(value, new Set(), 0);
}

function masked(value: unknown, above: ReadonlySet<object>, depth: number): unknown {
  if (typeof value === 'string') return maskedText(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  if (above.has(value)) return '[circular]';
  if (depth >= MAX_DEPTH) return '[too deep]';
  const path = new Set(above).add(value);
  if (Array.isArray(value)) return value.map((item) => masked(item, path, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      isSecretName(name) && !isCount(member) ? HIDDEN : masked(member, path, depth + 1),
    ]),
  );
}

function maskedText(text: string): string {
  return text
    .replace(SECRET_TEXT, HIDDEN)
    .replace(USER_INFO, `$1${HIDDEN}@`)
    .replace(QUERY_PARAMETER, (found, start: string, name: string) =>
      isSecretName(name) ? `${start}${name}=${HIDDEN}` : found,
    );
}

function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z\d])([A-Z])/g, '$1 $2').split(/[^a-zA-Z\d]+/);
  return words.some((word) => SECRET_WORDS.has(word.toLowerCase())) || SECRET_WORDS.has(words.join('').toLowerCase());
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined;
}
