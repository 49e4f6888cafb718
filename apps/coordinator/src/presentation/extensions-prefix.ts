/** Injection token of the prefix (a string, such as `jarvis.`) of extension keys that the coordinator writes. */
export const EXTENSIONS_PREFIX = Symbol('extensions prefix');

/** Extensions as they go out: what the caller gave, and what we write under prefixed keys, where there is anything. */
export function withWritten(
  given: object | null | undefined,
  written: Readonly<Record<string, unknown>>,
  prefix: string,
): { readonly extensions?: Record<string, unknown> } {
  const ours = Object.entries(written).filter(([, value]) => value !== undefined && value !== null);
  const extensions = { ...given, ...Object.fromEntries(ours.map(([name, value]) => [`${prefix}${name}`, value])) };
  return Object.keys(extensions).length === 0 ? {} : { extensions };
}
