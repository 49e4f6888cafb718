import { DEEPEST_JSON, isTooDeep } from '../json-depth.js';
import { FieldPaths } from './field-paths.js';
import type { PathState } from './field-paths.js';
import { maskPii } from './pii-masks.js';
import type { PiiKind } from './policy-spec.js';
import type { ResponseRules } from './tool-decision.js';

/** The answer as it may be passed on, or why it may not be. */
export type FilteredResponse = { readonly data: unknown } | { readonly blocked: string };

export const REDACTED = '[REDACTED]';
const ELLIPSIS = '...';

/**
 * Applies the rules of policies to an answer: what holds a pattern is blocked as a whole, as it came and as it would go; then fields are
 * redacted, personal data in names and texts is masked, and texts are cut.
 *
 * @param data JSON; never changed
 * @returns a copy. The same rules change nothing of it any more.
 */
export function filterResponse(rules: ResponseRules, data: unknown): FilteredResponse {
  if (isEmpty(rules)) return { data };
  if (isTooDeep(data)) return { blocked: `The answer is nested deeper than ${DEEPEST_JSON} levels.` };
  const blocked = { blocked: 'The answer holds something that the policies block.' };
  if (holdsPattern(rules.blockPatterns, data)) return blocked;
  const filtered = new ResponseFilter(rules).apply(data);
  // A mask can be what is blocked; who asks again with the answer would be told so.
  return holdsPattern(rules.blockPatterns, filtered) ? blocked : { data: filtered };
}

function isEmpty({ redactFields, truncateFields, blockPatterns, piiFilters }: ResponseRules): boolean {
  return [redactFields, truncateFields, blockPatterns, piiFilters].every(({ length }) => length === 0);
}

/** Where in the answer a value stands. */
interface Place {
  readonly redact: PathState<true>;
  readonly truncate: PathState<number>;
  /** Of the field that the value is in, or is an element of. */
  readonly maxLength: number | undefined;
}

class ResponseFilter {
  private readonly redacted: FieldPaths<true>;
  private readonly truncated: FieldPaths<number>;
  private readonly kinds: readonly PiiKind[];

  constructor({ redactFields, truncateFields, piiFilters }: ResponseRules) {
    this.redacted = new FieldPaths(redactFields.map((field) => [field, true]));
    this.truncated = new FieldPaths(truncateFields.map(({ field, maxLength }) => [field, maxLength]));
    this.kinds = piiFilters;
  }

  apply(data: unknown): unknown {
    return this.copy(data, { redact: this.redacted.start, truncate: this.truncated.start, maxLength: undefined });
  }

  private copy(value: unknown, place: Place): unknown {
    if (typeof value === 'string') return this.copyText(value, place.maxLength);
    if (Array.isArray(value)) return value.map((item: unknown) => this.copyElement(item, place));
    return typeof value === 'object' && value !== null ? this.copyObject(value, place) : value;
  }

  private copyObject(object: object, place: Place): object {
    const fields = new Map<string, unknown>();
    const nameFreely = freeNames(fields);
    for (const [name, value] of Object.entries(object) as [string, unknown][]) {
      const shown = nameFreely(maskPii(name, this.kinds));
      const redact = this.redacted.enter(place.redact, [name, shown]);
      const truncate = this.truncated.enter(place.truncate, [name, shown]);
      const inner = { redact: redact.state, truncate: truncate.state, maxLength: least(truncate.values) };
      fields.set(shown, redact.values.length > 0 ? REDACTED : this.copy(value, inner));
    }
    return Object.fromEntries(fields);
  }

  private copyElement(value: unknown, place: Place): unknown {
    const redact = this.redacted.enterElement(place.redact);
    if (redact.values.length > 0) return REDACTED;
    const truncate = this.truncated.enterElement(place.truncate);
    const maxLength = least([...truncate.values, ...(place.maxLength === undefined ? [] : [place.maxLength])]);
    return this.copy(value, { redact: redact.state, truncate: truncate.state, maxLength });
  }

  /** Masked before it is cut, so that no half of an address is left; and again, as the rest can look like one that it was not before. */
  private copyText(text: string, maxLength: number | undefined): string {
    for (let settled = text; ;) {
      const next = cut(maskPii(settled, this.kinds), maxLength);
      if (next === settled) return settled;
      settled = next;
    }
  }
}

/** Two names can have the same mask; the second gets a number. */
function freeNames(taken: ReadonlyMap<string, unknown>): (name: string) => string {
  const counts = new Map<string, number>();
  return (name) => {
    let free = name;
    let count = counts.get(name) ?? 1;
    while (taken.has(free)) {
      count += 1;
      free = `${name} (${count})`;
    }
    counts.set(name, count);
    return free;
  };
}

function least(lengths: readonly number[]): number | undefined {
  return lengths.length === 0 ? undefined : Math.min(...lengths);
}

/** By characters, so that none is cut in half. */
function cut(text: string, maxLength: number | undefined): string {
  if (maxLength === undefined || text.length <= maxLength) return text;
  const characters = [...text];
  return characters.length <= maxLength ? text : `${characters.slice(0, maxLength).join('')}${ELLIPSIS}`;
}

function holdsPattern(patterns: readonly string[], data: unknown): boolean {
  if (patterns.length === 0) return false;
  const wanted = patterns.map((pattern) => pattern.toLowerCase());
  const holds = (text: string) => {
    const lower = text.toLowerCase();
    return wanted.some((pattern) => lower.includes(pattern));
  };
  const search = (value: unknown): boolean => {
    if (typeof value === 'string') return holds(value);
    if (Array.isArray(value)) return value.some(search);
    return (
      typeof value === 'object' &&
      value !== null &&
      Object.entries(value).some(([name, item]) => holds(name) || search(item))
    );
  };
  return search(data);
}
