/**
 * The JSON object that a text is, such as the body of an answer; undefined when it is no JSON, or no object.
 *
 * @example const answer = jsonObjectOf(await response.text());
 */
export function jsonObjectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
