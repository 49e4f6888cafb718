/**
 * Where a value is not JSON, such that JSON would drop or change it.
 *
 * @returns path and kind of the first such place, such as `items[0].at is a Date`; undefined when there is none. A key whose value is
 *   undefined counts as absent.
 */
export function notJson(value: unknown, path = 'outputs', above: readonly object[] = []): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${path} is ${value}`;
  if (typeof value !== 'object') {
    return `${path} is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}`;
  }
  if (above.includes(value)) return `${path} contains itself`;
  const inside = [...above, value];
  if (Array.isArray(value)) return first(value.map((item, index) => () => notJson(item, `${path}[${index}]`, inside)));
  const prototype: unknown = Object.getPrototypeOf(value);
  // By name: an object of another realm (node:vm, a test runner's sandbox) has another Object.prototype.
  const kind = (value.constructor as { name?: string } | undefined)?.name;
  if (prototype !== null && kind !== 'Object') return `${path} is a ${kind ?? 'class instance'}`;
  return first(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(
        ([key, item]) =>
          () =>
            notJson(item, `${path}.${key}`, inside),
      ),
  );
}

function first(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const found = check();
    if (found !== undefined) return found;
  }
  return undefined;
}
