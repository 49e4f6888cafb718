/**
 * Shell-style patterns as Python's `fnmatch.fnmatchcase` has them, case-sensitive and always against the whole text:
 *
 * - `*` any characters, none included; also `/`, `:`, `.` and line breaks
 * - `?` exactly one character (code point)
 * - `[abc]`, `[a-z]` one character of a set; `[!abc]` one that is not in it. `]` first in a set and `-` first or last in it
 *   stand for themselves; a range that runs backwards is empty, and a set with nothing in it matches no character
 * - `[` without a `]` after it stands for itself; nothing escapes, a literal `*` is `[*]`
 *
 * Matching takes at most (length of the pattern) x (length of the text) steps: there is no backtracking into an earlier star.
 */
export interface Pattern {
  readonly source: string;
  /** The only text it matches, when the pattern has no special character. */
  readonly literal?: string;
  readonly matches: (text: string) => boolean;
}

/** One character of a pattern: a code point, or a test of one. */
type Unit = number | ((codePoint: number) => boolean);

export function compilePattern(source: string): Pattern {
  if (!/[*?[]/.test(source)) return { source, literal: source, matches: (text) => text === source };
  const segments = segmentsOf(source);
  const [first = [], last = []] = [segments[0], segments.at(-1)];
  if (segments.every((segment) => segment.length === 0)) return { source, matches: () => true };
  const texts = segments.map(literalText);
  const known = texts.filter((text) => text !== undefined);
  if (known.length === segments.length) {
    if (known.length === 1) return { source, literal: known.join(''), matches: (text) => text === known[0] };
    return { source, matches: (text) => matchTexts(known, text) };
  }
  if (segments.length === 1) {
    return { source, matches: (text) => matchAt(first, codePointsOf(text), 0) && codePointsOf(text).length === first.length };
  }
  const middle = segments.slice(1, -1);
  return {
    source,
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

function matchTexts(segments: readonly string[], text: string): boolean {
  const [first = '', last = ''] = [segments[0], segments.at(-1)];
  const end = text.length - last.length;
  if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (let index = 1; index < segments.length - 1; index += 1) {
    const segment = segments[index] ?? '';
    const found = text.indexOf(segment, at);
    if (found === -1 || found + segment.length > end) return false;
    at = found + segment.length;
  }
  return true;
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

function setOf(content: readonly number[]): Unit {
  const negated = content[0] === NOT;
  const members = negated ? content.slice(1) : content;
  const ranges = rangesOf(members);
  const has = (point: number) => ranges.some(([low, high]) => low <= point && point <= high);
  const [only] = ranges;
  if (!negated && ranges.length === 1 && only !== undefined && only[0] === only[1]) return only[0];
  return negated ? (point) => !has(point) : has;
}

function rangesOf(members: readonly number[]): (readonly [number, number])[] {
  const ranges: (readonly [number, number])[] = [];
  for (let at = 0; at < members.length; at += 1) {
    const [low = 0, dash, high] = [members[at], members[at + 1], members[at + 2]];
    if (dash === DASH && high !== undefined) {
      ranges.push([low, high]);
      at += 2;
    } else {
      ranges.push([low, low]);
    }
  }
  return ranges.filter(([low, high]) => low <= high);
}
