/** `mock://…` instead of a service: see createMockGateway. */
export function isMockUrl(url: string): boolean {
  return url.startsWith('mock://');
}

/** A base URL without a slash at its end. Throws a TypeError that names `setting` when it is no http, https or mock URL. */
export function checkedBaseUrl(url: string, setting: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new TypeError(`${setting} is no URL; give it as https://host.example`);
  }
  if (!['http:', 'https:', 'mock:'].includes(parsed.protocol)) {
    throw new TypeError(`${setting} has to begin with https://, http:// or mock://, not ${parsed.protocol}//`);
  }
  if (parsed.username !== '' || parsed.password !== '' || parsed.search !== '' || parsed.hash !== '') {
    throw new TypeError(`${setting} may have no user, password, query or fragment`);
  }
  return url.trim().replace(/\/+$/, '');
}
