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
 * Tells when sources change. What builds write is told apart from what people write: else every build would be the reason for the next.
 * Looks instead of being told: watching folders differs from one system to the next, and a package has few files.
 */
export class SourceWatch {
  private known: Snapshot = new Map();
  /** Files that builds write. */
  private readonly written = new Set<string>();
  /** Files that changed during the last build. */
  private duringBuild: ReadonlySet<string> | undefined;
  /** What alone was the reason for a build, and had changed during the one before. */
  private suspects: ReadonlySet<string> = new Set();

  constructor(private readonly look: () => Promise<Snapshot>) {}

  /** Runs a build; a source that somebody changes meanwhile counts as changed after it. */
  async during(build: () => Promise<void>): Promise<void> {
    const before = await this.look();
    try {
      await build();
    } finally {
      const after = await this.look();
      const changed = changesBetween(before, after);
      for (const path of changed) {
        // At the first build nobody has seen the pack work yet; later only what changes in build after build.
        if (this.duringBuild === undefined || this.suspects.has(path)) this.written.add(path);
      }
      this.duringBuild = new Set(changed);
      const known = new Map(before);
      for (const path of this.written) {
        const state = after.get(path);
        if (state === undefined) known.delete(path);
        else known.set(path, state);
      }
      this.known = known;
    }
  }

  /**
   * Waits until something has changed since the last build began, and then stays the same from one look to the next.
   *
   * @throws AbortError when the signal fires
   */
  async nextChange(everyMs: number, signal: AbortSignal): Promise<void> {
    for (let last = this.known; ;) {
      await sleep(everyMs, undefined, { signal });
      const now = await this.look();
      const changed = changesBetween(this.known, now);
      if (changed.length > 0 && changesBetween(last, now).length === 0) {
        this.suspects = new Set(changed.every((path) => this.duringBuild?.has(path)) ? changed : []);
        return;
      }
      last = now;
    }
  }
}
