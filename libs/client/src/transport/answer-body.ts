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

/** `fetch failed` alone says nothing; its causes do. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause === undefined || cause === error) return error.message;
  const code = membersOf(cause)['code'];
  const below = cause instanceof Error && cause.message !== '' ? cause.message : textOf(code);
  return below === undefined ? error.message : `${error.message} (${below})`;
}
