/** Deeper values are neither taken nor filtered: whoever walks them, here or later, would run out of stack. */
export const DEEPEST_JSON = 500;

/** Whether JSON is nested deeper than `DEEPEST_JSON` levels; itself it takes no stack. */
export function isTooDeep(json: unknown): boolean {
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST_JSON) return true;
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value as Record<string, unknown>) : [],
    );
  }
  return false;
}
