import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { PackRefusal } from './refusal.js';

/** An npm package that says it is a node pack. Nothing of it has been run. */
export interface CandidatePackage {
  /** Of a dependency the name it is installed under, else what its package.json says. */
  readonly name: string;
  readonly version: string;
  /** Real path of its folder. */
  readonly folder: string;
  /** The `jarvis` field of its package.json, unchecked. */
  readonly metadata: unknown;
}

export interface DiscoveryOptions {
  /** package.json of the host: its direct dependencies are looked at, and no other package. */
  readonly hostPackageJson: string;
  /** Folders that are packs, or that hold folders that are. */
  readonly paths: readonly string[];
}

interface PackageJson {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly dependencies?: Record<string, string>;
  readonly jarvis?: unknown;
}

/** What was found; whatever looks like a pack but cannot be read is refused, never passed over in silence. */
export interface Discovery {
  readonly candidates: readonly CandidatePackage[];
  readonly refusals: readonly PackRefusal[];
}

interface FoundFolder {
  readonly path: string;
  /** The name a dependency is installed under. What a package calls itself proves nothing: lists and reserved ids go by this. */
  readonly installedAs?: string;
}

/** The node packs among the host's direct dependencies and in the given folders, each once, in the order of their names. */
export function discoverPackages(options: DiscoveryOptions): Discovery {
  const host = JSON.parse(readFileSync(options.hostPackageJson, 'utf8')) as PackageJson;
  const found = new Map<string, CandidatePackage>();
  const refusals: PackRefusal[] = [];
  const examine = ({ path, installedAs }: FoundFolder) => {
    const packageJson = readPackageJson(path);
    const name = installedAs ?? (typeof packageJson?.name === 'string' ? packageJson.name : path);
    if (packageJson === undefined) {
      const message = `The package.json of ${name} is not a JSON object; install the package again.`;
      refusals.push({ code: 'pack_metadata_invalid', packageName: name, message });
    } else if (packageJson.jarvis !== undefined) {
      const folder = realpathSync(path);
      const version = typeof packageJson.version === 'string' ? packageJson.version : '';
      if (!found.has(folder)) found.set(folder, { name, version, folder, metadata: packageJson.jarvis });
    }
  };
  for (const name of Object.keys(host.dependencies ?? {})) {
    const path = dependencyFolder(dirname(resolve(options.hostPackageJson)), name);
    if (path !== undefined) examine({ path, installedAs: name });
  }
  for (const path of options.paths.map((given) => resolve(given))) {
    if (isFolder(path)) packFolders(path).forEach((folder) => examine({ path: folder }));
    else {
      const message = `JARVIS_NODEPACK_PATHS names ${path}, and there is no such folder; mend the setting.`;
      refusals.push({ code: 'pack_folder_missing', packageName: path, message });
    }
  }
  const candidates = [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { candidates, refusals };
}

/** By path, walking up, as Node does: `require.resolve` would need the package to export its package.json. */
function dependencyFolder(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

/** The folder itself when it is a pack, else the packages in it, also those in a scope's folder. */
function packFolders(path: string): string[] {
  if (readPackageJson(path)?.jarvis !== undefined) return [path];
  const inside = (folder: string) =>
    readdirSync(folder)
      .map((name) => join(folder, name))
      .filter(isFolder);
  return inside(path)
    .flatMap((folder) => (basename(folder).startsWith('@') ? inside(folder) : [folder]))
    .filter((folder) => existsSync(join(folder, 'package.json')));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function readPackageJson(folder: string): PackageJson | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return typeof content === 'object' && content !== null ? content : undefined;
  } catch {
    return undefined;
  }
}
