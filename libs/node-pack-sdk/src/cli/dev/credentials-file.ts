import { readFileSync } from 'node:fs';

/**
 * Credentials by name, from a JSON file.
 *
 * @throws Error with a sentence, without anything that the file holds
 */
export function readCredentials(file: string): Readonly<Record<string, string>> {
  const content = parsed(readFileSync(file, 'utf8'));
  const isObject = typeof content === 'object' && content !== null && !Array.isArray(content);
  if (!isObject || !Object.values(content).every((secret) => typeof secret === 'string')) {
    throw new Error(`${file} must be JSON with texts by name, such as { "acme.weather": "…" }.`);
  }
  return content as Record<string, string>;
}

/** What the parser says quotes what it reads. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
