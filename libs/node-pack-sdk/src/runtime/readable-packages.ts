import { readFile, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';

/**
 * The folders that the code of a package may read when it loads: its own, and those of the packages it depends on, directly or through
 * others, as `node_modules` has them. A package that is linked is there with both its folders, since Node looks at the link first.
 *
 * @param folder real path of the package
 */
export async function readablePackages(folder: string): Promise<string[]> {
  const packages = new Set([folder]);
  const links = new Set<string>();
  // A set that grows while it is walked: every package is looked at once.
  for (const at of packages) {
    for (const name of await dependenciesOf(at)) {
      const found = await nearest(name, at);
      if (found === undefined) continue;
      packages.add(found.real);
      if (found.place !== found.real) links.add(found.place);
    }
  }
  return [...packages, ...links];
}

async function nearest(name: string, from: string): Promise<{ place: string; real: string } | undefined> {
  for (const place of placesOf(name, from)) {
    const real = await realpath(place).catch(() => undefined);
    if (real !== undefined) return { place, real };
  }
  return undefined;
}

async function dependenciesOf(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return [];
  }
  const { dependencies, optionalDependencies, peerDependencies } = (read ?? {}) as Record<string, unknown>;
  return [dependencies, optionalDependencies, peerDependencies].flatMap((names) => Object.keys(names ?? {}));
}

/** Where Node looks for a package, nearest first. */
function* placesOf(name: string, from: string): Generator<string> {
  if (name.split('/').some((part) => part === '' || part === '.' || part === '..')) return;
  for (let at = from; ; at = dirname(at)) {
    if (!at.endsWith(`${sep}node_modules`)) yield join(at, 'node_modules', name);
    if (dirname(at) === at) return;
  }
}
