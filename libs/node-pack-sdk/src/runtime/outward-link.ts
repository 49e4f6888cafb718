import type { Dirent } from 'node:fs';
import { readdir, readlink, realpath } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { isWithin, refusalOf } from './readable-packages.js';

/** A folder with more in it is no package. */
const ENTRIES_AT_MOST = 100_000;

/**
 * A symbolic link in a package that leads out of it: Node's permission model follows links, so the code of the package could read what is
 * there. In `node_modules` links may lead to packages. What is inside the packages in `node_modules` is not looked at: package managers
 * install no links from a package.
 *
 * @param folder real path of the package
 * @param readable folders that the package may read anyway
 * @returns its path in the package; undefined when there is none
 * @throws Error when the folder has too many files to tell
 */
export async function outwardLink(folder: string, readable: readonly string[]): Promise<string | undefined> {
  const folders = [folder];
  let entries = 0;
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    for (const entry of await entriesOf(at)) {
      entries += 1;
      if (entries > ENTRIES_AT_MOST) throw new Error(`its folder has more than ${ENTRIES_AT_MOST} files`);
      const path = join(at, entry.name);
      if (entry.isSymbolicLink() && !(await mayBeThere(path, folder, readable))) return relative(folder, path);
      if (entry.isDirectory() && isLookedAt(path, folder)) folders.push(path);
    }
  }
  return undefined;
}

async function mayBeThere(link: string, folder: string, readable: readonly string[]): Promise<boolean> {
  // What a link without a target will lead to may come later.
  const real = await realpath(link).catch(async () => resolve(dirname(link), await readlink(link)));
  if (readable.some((one) => isWithin(real, one))) return true;
  const name = placeIn(link, folder);
  if (name === undefined) return false;
  // Programs of installed packages are linked to their files.
  if (name.startsWith(`.bin${sep}`)) return real.includes(`${sep}node_modules${sep}`);
  return (await refusalOf(name.split(sep).join('/'), link, real, folder)) === undefined;
}

/** All but what is inside the packages in `node_modules`: of these only the scopes, and the links to programs. */
function isLookedAt(path: string, folder: string): boolean {
  const place = placeIn(path, folder);
  return place === undefined || /^(@[^/\\]+|\.bin)$/.test(place);
}

/** The part of a path behind the last `node_modules` in the package. */
function placeIn(path: string, folder: string): string | undefined {
  const parts = relative(folder, path).split(sep);
  const at = parts.lastIndexOf('node_modules');
  return at === -1 || at === parts.length - 1 ? undefined : parts.slice(at + 1).join(sep);
}

function entriesOf(folder: string): Promise<Dirent[]> {
  // What cannot be read here cannot be read by the process either.
  return readdir(folder, { withFileTypes: true }).catch(() => []);
}
