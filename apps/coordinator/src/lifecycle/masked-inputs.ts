const MASK = '***';

/**
 * A copy of the inputs in which what the pointers name cannot be read (JSON Pointer, RFC 6901; `*` stands for every member of an object
 * or array). A pointer to nothing masks nothing; an empty one, and what is no pointer, masks everything.
 */
export function maskedInputs(
  inputs: Readonly<Record<string, unknown>>,
  pointers: readonly string[],
): Record<string, unknown> {
  const paths = pointers.map(pathOf);
  if (paths.some((path) => path.length === 0)) return { inputs: MASK };
  return masked(inputs, paths) as Record<string, unknown>;
}

function pathOf(pointer: string): string[] {
  // What cannot be read may have meant anything.
  if (!/^\/(?:[^~]|~[01])*$/s.test(pointer)) return [];
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function masked(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (paths.length === 0) return value;
  if (paths.some((path) => path.length === 0)) return MASK;
  if (typeof value !== 'object' || value === null) return value;
  const below = (key: string) => paths.filter(([step]) => step === '*' || step === key).map(([, ...rest]) => rest);
  if (Array.isArray(value)) return value.map((item: unknown, index) => masked(item, below(String(index))));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(item, below(key))]));
}
