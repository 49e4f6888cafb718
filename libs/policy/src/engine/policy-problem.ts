import leven from 'leven';

/** Something wrong in a policy file. An `error` makes it unusable, a `warning` is likely a mistake. */
export interface PolicyProblem {
  readonly severity: 'error' | 'warning';
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** Where in the document, e.g. `Statement[2].Condition.StringEquals`; empty for the whole of it. */
  readonly path: string;
  readonly message: string;
}

/** Turns offsets of a text into lines and columns. */
export function positionsOf(text: string): (offset: number) => { readonly line: number; readonly column: number } {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/** One line: `file:line:column: error: Statement[0].Efect: …`. */
export function problemLine(file: string, { severity, line, column, path, message }: PolicyProblem): string {
  return `${file}:${line}:${column}: ${severity}: ${path === '' ? '' : `${path}: `}${message}`;
}

/** ` Did you mean "x"?` when a known word is near, else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let nearest: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const distance = leven(word.toLowerCase(), name.toLowerCase(), { maxDistance: limit + 1 });
    if (distance <= limit && (nearest === undefined || distance < nearest.distance)) nearest = { name, distance };
  }
  return nearest === undefined ? '' : ` Did you mean "${nearest.name}"?`;
}
