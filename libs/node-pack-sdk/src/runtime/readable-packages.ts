import { readFile, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, sep } from 'node:path';

const SDK = '@arp-jarvis/node-pack-sdk';

/**
 * The folders that the code of a package may read when it loads: its own, and those of the packages that it and the SDK depend on,
 * directly or through others, as `node_modules` has them. A package that is linked is there with both its folders, since Node looks at
 * the link first. A link that leads to something else than the package, or to a folder with more in it than a package, is not followed.
 *
 * @param folder real path of the package
 * @param sdk real path of the SDK
 * @param warn told what was not granted, and why
 */
export async function readablePackages(
  folder: string,
  sdk: string,
  warn: (warning: string) => void,
): Promise<string[]> {
  const packages = new Set([folder, sdk]);
  const links = new Set<string>();
  // A set that grows while it is walked: every package is looked at once.
  for (const at of packages) {
    const dependencies = await dependenciesOf(at);
    // A pack that forgot to declare the SDK may read it all the same: it is granted anyway.
    for (const name of at === folder ? [SDK, ...dependencies] : dependencies) {
      const found = await nearest(name, at);
      if (found === undefined) continue;
      const { place, real } = found;
      if (name === SDK && real !== sdk && !dependencies.includes(SDK)) continue;
      const refusal = packages.has(real) ? undefined : await refusalOf(name, place, real, folder);
      if (refusal !== undefined) {
        warn(`the dependency ${name} cannot be read by the node pack: ${place} leads to ${real}, ${refusal}`);
        continue;
      }
      packages.add(real);
      if (place !== real) links.add(place);
    }
  }
  return [...packages, ...links];
}

/**
 * Why what is found at a place in `node_modules` is not granted; undefined when it is.
 *
 * @param real where the place leads to; the place itself when there is no link on the way
 * @param packFolder real path of the package of the pack
 */
export async function refusalOf(
  name: string,
  place: string,
  real: string,
  packFolder: string,
): Promise<string | undefined> {
  // What was installed there; under another name when it is an alias.
  if (place === real) return undefined;
  const ownPlaces = [packFolder, homedir(), process.cwd(), process.argv[1] ?? process.execPath];
  const kept = await Promise.all(ownPlaces.map((path) => realpath(path).catch(() => path)));
  if (dirname(real) === real || kept.some((path) => isWithin(path, real))) {
    return 'which holds more than a package';
  }
  const { name: nameThere } = await manifestOf(real);
  const isIt = nameThere === name || (typeof nameThere === 'string' && isInstalledAs(nameThere, real));
  return isIt ? undefined : 'which is no package of that name';
}

/** Whether a path is a folder or in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Where a package manager keeps packages in one place and links to them, an alias leads to a folder with the true name. */
function isInstalledAs(name: string, folder: string): boolean {
  return folder.endsWith(join(sep, 'node_modules', name));
}

async function nearest(name: string, from: string): Promise<{ place: string; real: string } | undefined> {
  for (const place of placesOf(name, from)) {
    const real = await realpath(place).catch(() => undefined);
    if (real !== undefined) return { place, real };
  }
  return undefined;
}

async function dependenciesOf(folder: string): Promise<string[]> {
  const { dependencies, optionalDependencies, peerDependencies } = await manifestOf(folder);
  return [dependencies, optionalDependencies, peerDependencies].flatMap((names) => Object.keys(names ?? {}));
}

async function manifestOf(folder: string): Promise<Record<string, unknown>> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Where Node looks for a package, nearest first. */
function* placesOf(name: string, from: string): Generator<string> {
  if (name.split('/').some((part) => part === '' || part === '.' || part === '..')) return;
  for (let at = from; ; at = dirname(at)) {
    if (!at.endsWith(`${sep}node_modules`)) yield join(at, 'node_modules', name);
    if (dirname(at) === at) return;
  }
}
