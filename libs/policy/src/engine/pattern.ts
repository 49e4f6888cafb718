/**
 * Shell-style patterns as Python's `fnmatch.fnmatchcase` has them, case-sensitive and always against the whole text:
 *
 * - `*` any characters, none included; also `/`, `:`, `.` and line breaks
 * - `?` exactly one character (code point)
 * - `[abc]`, `[a-z]` one character of a set; `[!abc]` one that is not in it. `]` first in a set and `-` first or last in it
 *   stand for themselves; a range that runs backwards is left out, and a set with nothing in it matches no character
 * - `[` without a `]` after it stands for itself; nothing escapes, a literal `*` is `[*]`
 *
 * Matching takes at most (length of the pattern) x (length of the text) steps: there is no backtracking into an earlier star.
 */
export interface Pattern {
  readonly source: string;
  /** The only text it matches, when the pattern has no special character. */
  readonly literal?: string;
  /** What every text that it matches begins with. */
  readonly prefix: string;
  readonly matches: (text: string) => boolean;
}

/** One character of a pattern: a code point, or a test of one. */
type Unit = number | ((codePoint: number) => boolean);

export function compilePattern(source: string): Pattern {
  if (!/[*?[]/.test(source)) {
    return { source, literal: source, prefix: source, matches: (text) => text === source };
  }
  const segments = segmentsOf(source);
  const [first = [], last = []] = [segments[0], segments.at(-1)];
  const end = first.findIndex((unit) => typeof unit !== 'number');
  const prefix = literalText(end === -1 ? first : first.slice(0, end)) ?? '';
  if (segments.every((segment) => segment.length === 0)) return { source, prefix, matches: () => true };
  const texts = segments.map(literalText).filter((text) => text !== undefined);
  if (texts.length === segments.length) {
    if (texts.length === 1) return { source, literal: prefix, prefix, matches: (text) => text === prefix };
    return { source, prefix, matches: textMatcher(texts) };
  }
  if (segments.length === 1) {
    const matches = (text: string) => {
      const points = codePointsOf(text);
      return points.length === first.length && matchAt(first, points, 0);
    };
    return { source, prefix, matches };
  }
  const middle = segments.slice(1, -1);
  return {
    source,
    prefix,
    matches: (text) => {
      const points = codePointsOf(text);
      const end = points.length - last.length;
      if (first.length > end || !matchAt(first, points, 0) || !matchAt(last, points, end)) return false;
      let at = first.length;
      for (const segment of middle) {
        // The leftmost place leaves most for what follows, so an earlier choice is never revised.
        while (at + segment.length <= end && !matchAt(segment, points, at)) at += 1;
        if (at + segment.length > end) return false;
        at += segment.length;
      }
      return true;
    },
  };
}

function textMatcher(segments: readonly string[]): (text: string) => boolean {
  const [first = '', last = ''] = [segments[0], segments.at(-1)];
  const middle = segments.slice(1, -1);
  return (text) => {
    const end = text.length - last.length;
    if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (const segment of middle) {
      const found = text.indexOf(segment, at);
      if (found === -1 || found + segment.length > end) return false;
      at = found + segment.length;
    }
    return true;
  };
}

function matchAt(segment: readonly Unit[], points: readonly number[], at: number): boolean {
  for (let index = 0; index < segment.length; index += 1) {
    const [unit, point] = [segment[index], points[at + index]];
    if (unit === undefined || point === undefined) return false;
    if (typeof unit === 'number' ? unit !== point : !unit(point)) return false;
  }
  return true;
}

function codePointsOf(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

function literalText(segment: readonly Unit[]): string | undefined {
  let text = '';
  for (const unit of segment) {
    if (typeof unit !== 'number') return undefined;
    text += String.fromCodePoint(unit);
  }
  return text;
}

/** What stands between the stars. */
function segmentsOf(source: string): Unit[][] {
  const points = codePointsOf(source);
  const segments: Unit[][] = [];
  let segment: Unit[] = [];
  for (let at = 0; at < points.length; at += 1) {
    const point = points[at] ?? 0;
    if (point === STAR) {
      segments.push(segment);
      segment = [];
    } else if (point === QUESTION) {
      segment.push(() => true);
    } else if (point === OPEN) {
      const close = closeOf(points, at + 1);
      segment.push(close === -1 ? OPEN : setOf(points.slice(at + 1, close)));
      if (close !== -1) at = close;
    } else {
      segment.push(point);
    }
  }
  return [...segments, segment];
}

const [STAR, QUESTION, OPEN, CLOSE, NOT, DASH] = [0x2a, 0x3f, 0x5b, 0x5d, 0x21, 0x2d];

/** Where the set that begins at `from` ends, -1 when it does not: a `]` in the first place belongs to the set. */
function closeOf(points: readonly number[], from: number): number {
  const inside = points[from] === NOT ? from + 1 : from;
  return points.indexOf(CLOSE, points[inside] === CLOSE ? inside + 1 : inside);
}

/** As Python does it, step by step: what is left when empty ranges are gone may begin with `!`, and is then negated. */
function setOf(content: readonly number[]): Unit {
  const chunks = withoutEmptyRanges(chunksOf(content));
  const negated = chunks[0]?.[0] === NOT;
  const [first = [], ...rest] = negated ? [chunks[0]?.slice(1), ...chunks.slice(1)] : chunks;
  // A hyphen with nothing before it stands for itself.
  const runs =
    first.length === 0 && rest.length > 0 ? [[DASH, ...(rest[0] ?? [])], ...rest.slice(1)] : [first, ...rest];
  const singles = new Set(runs.flat());
  const ranges = runs.slice(1).map((run = [], index) => [runs[index]?.at(-1) ?? 0, run[0] ?? 0] as const);
  const has = (point: number) => singles.has(point) || ranges.some(([low, high]) => low < point && point < high);
  const [only] = singles;
  if (!negated && singles.size === 1 && ranges.length === 0 && only !== undefined) return only;
  return negated ? (point) => !has(point) : has;
}

/** Splits a set at the hyphens of its ranges: each range goes from the end of one chunk to the beginning of the next. */
function chunksOf(content: readonly number[]): number[][] {
  const chunks: number[][] = [];
  let from = 0;
  let at = content.indexOf(DASH, content[0] === NOT ? 2 : 1);
  while (at !== -1) {
    chunks.push(content.slice(from, at));
    from = at + 1;
    at = content.indexOf(DASH, at + 3);
  }
  const last = content.slice(from);
  if (last.length === 0) chunks.at(-1)?.push(DASH);
  else chunks.push(last);
  return chunks;
}

/** A range that runs backwards is taken out with both its ends. */
function withoutEmptyRanges(chunks: readonly number[][]): number[][] {
  const kept: number[][] = [];
  for (const chunk of [...chunks].reverse()) {
    const next = kept[0];
    if (next !== undefined && (chunk.at(-1) ?? 0) > (next[0] ?? 0)) kept[0] = [...chunk.slice(0, -1), ...next.slice(1)];
    else kept.unshift(chunk);
  }
  return kept;
}
