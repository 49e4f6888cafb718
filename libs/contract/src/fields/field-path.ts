const PLAIN_KEY = /^[\w$-][\w$.-]*$/;
const MAX_KEY_LENGTH = 80;

/**
 * The path of a property: `a.b`. A key that would read as something else is quoted (`a["b c"]`), and one that is too long to
 * be read is cut, as keys are the caller's and go back to the caller.
 */
export function propertyPath(parent: string, key: string): string {
  const shown = key.length > MAX_KEY_LENGTH ? `${key.slice(0, MAX_KEY_LENGTH)}…` : key;
  if (!PLAIN_KEY.test(shown)) return `${parent}[${JSON.stringify(shown)}]`;
  return parent === '' ? shown : `${parent}.${shown}`;
}

/** The path of an item of an array: `a[0]`. */
export function itemPath(parent: string, index: number | string): string {
  return `${parent}[${index}]`;
}
