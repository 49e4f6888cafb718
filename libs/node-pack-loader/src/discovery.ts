import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { readPackage, Refused } from '@arp-jarvis/node-pack-sdk/runtime';
import type { CandidatePackage } from '@arp-jarvis/node-pack-sdk/runtime';

export interface DiscoveryOptions {
  /** package.json of the host: its direct dependencies are looked at, and no other package. */
  readonly hostPackageJson: string;
  /** Folders that are packs, or that hold folders that are. */
  readonly paths: readonly string[];
}

/** What was found; whatever looks like a pack but cannot be read is refused, never passed over in silence. */
export interface Discovery {
  /** Each once, in the order of their names. */
  readonly found: readonly CandidatePackage[];
  readonly refused: readonly { readonly packageName: string; readonly refusal: Refused }[];
}

/** The packages with node packs among the host's direct dependencies and in the given folders. Nothing of them is run. */
export function discoverPackages({ hostPackageJson, paths }: DiscoveryOptions): Discovery {
  const host = JSON.parse(readFileSync(hostPackageJson, 'utf8')) as { dependencies?: Record<string, string> };
  const found = new Map<string, CandidatePackage>();
  const refused: { packageName: string; refusal: Refused }[] = [];
  const examine = (folder: string, installedAs?: string) => {
    try {
      const candidate = readPackage(folder, installedAs);
      if (candidate === undefined || found.has(candidate.folder)) return;
      found.set(candidate.folder, candidate);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refused.push({ packageName: installedAs ?? folder, refusal: error });
    }
  };
  for (const name of Object.keys(host.dependencies ?? {})) {
    const folder = dependencyFolder(dirname(resolve(hostPackageJson)), name);
    if (folder !== undefined) examine(folder, name);
  }
  for (const path of paths.map((given) => resolve(given))) {
    if (isFolder(path)) packFolders(path).forEach((folder) => examine(folder));
    else {
      const message = `JARVIS_NODEPACK_PATHS names ${path}, and there is no such folder; mend the setting.`;
      refused.push({ packageName: path, refusal: new Refused('pack_folder_missing', message) });
    }
  }
  return { found: [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), refused };
}

/** By path, walking up, as Node does: `require.resolve` would need the package to export its package.json. */
function dependencyFolder(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

/** The folder itself when it is a package, else the packages in it, also those in a scope's folder. */
function packFolders(path: string): string[] {
  if (existsSync(join(path, 'package.json'))) return [path];
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
