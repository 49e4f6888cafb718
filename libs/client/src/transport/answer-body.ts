/** The members of a JSON object; none of anything else. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A text that says something. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The first words of a body: of HTML what a reader would see. */
export function excerpt(text: string): string {
  const words = text
    .replace(/<(script|style)[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return words.length > 200 ? `${words.slice(0, 200)}…` : words;
}

/** What an error and the errors behind it say: `fetch failed` alone says nothing. Errors may be of another realm. */
export function causeOf(error: unknown, depth = 0): string {
  const { message, code, name, cause } = membersOf(error);
  const said = textOf(message) ?? textOf(code) ?? textOf(name) ?? textOf(error) ?? 'unknown';
  return textOf(membersOf(cause)['name']) !== undefined && depth < 5 ? `${said} (${causeOf(cause, depth + 1)})` : said;
}
