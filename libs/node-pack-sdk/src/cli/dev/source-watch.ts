import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Files by path from the folder, with what changes when their content does. */
export type Snapshot = ReadonlyMap<string, string>;

const NEVER_SOURCES = new Set(['node_modules', 'coverage']);

/**
 * The files of a package that may be sources: nothing hidden, no dependencies, nothing that `ignored` names.
 *
 * @param ignored paths of files or folders from the folder
 */
export async function snapshotOf(folder: string, ignored: ReadonlySet<string>): Promise<Snapshot> {
  const files = new Map<string, string>();
  const walk = async (at: string): Promise<void> => {
    // What vanishes while it is looked at is not there.
    for (const entry of await readdir(at, { withFileTypes: true }).catch(() => [])) {
      const path = join(at, entry.name);
      const name = relative(folder, path).split(sep).join('/');
      if (entry.name.startsWith('.') || NEVER_SOURCES.has(entry.name) || ignored.has(name)) continue;
      if (entry.isDirectory()) await walk(path);
      else {
        const info = await stat(path).catch(() => undefined);
        if (info !== undefined) files.set(name, `${info.mtimeMs} ${info.size}`);
      }
    }
  };
  await walk(folder);
  return files;
}

/** Paths that are new, gone or changed. */
export function changesBetween(before: Snapshot, after: Snapshot): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}

/**
 * Waits until the files differ from a snapshot and then stay the same from one look to the next. Looks instead of being told: watching
 * folders differs from one system to the next, and a package has few files.
 *
 * @throws AbortError when the signal fires
 */
export async function nextChange(
  before: Snapshot,
  look: () => Promise<Snapshot>,
  { everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal },
): Promise<Snapshot> {
  for (let last = before; ;) {
    await sleep(everyMs, undefined, { signal });
    const now = await look();
    if (changesBetween(before, now).length > 0 && changesBetween(last, now).length === 0) return now;
    last = now;
  }
}
