/**
 * What is wrong with a text that is to be kept, to be read after its path.
 *
 * @param longest in characters
 * @returns undefined when nothing is
 */
export function problemOfText(text: string, longest: number): string | undefined {
  if (text.trim() === '') return 'must not be empty';
  if (text.length > longest) return `must have at most ${longest} characters`;
  // Postgres cannot store them.
  return /[\0\uD800-\uDFFF]/u.test(text) ? 'must not hold U+0000 or half a character' : undefined;
}
