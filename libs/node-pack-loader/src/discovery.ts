import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** An npm package that says it is a node pack. Nothing of it has been run. */
export interface CandidatePackage {
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

/** The node packs among the host's direct dependencies and in the given folders, each once, in the order of their names. */
export function discoverPackages(options: DiscoveryOptions): CandidatePackage[] {
  const dependencies = Object.keys(readPackageJson(options.hostPackageJson)?.dependencies ?? {});
  const folders = [
    ...dependencies.map((name) => dependencyFolder(dirname(resolve(options.hostPackageJson)), name)),
    ...options.paths.flatMap((path) => packFolders(resolve(path))),
  ];
  const found = new Map<string, CandidatePackage>();
  for (const folder of folders) {
    const candidate = folder === undefined ? undefined : candidateIn(folder);
    if (candidate !== undefined) found.set(candidate.folder, candidate);
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** By path, walking up, as Node does: `require.resolve` would need the package to export its package.json. */
function dependencyFolder(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

function packFolders(path: string): string[] {
  if (existsSync(join(path, 'package.json'))) return [path];
  if (!existsSync(path) || !statSync(path).isDirectory()) return [];
  return readdirSync(path)
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(path, name)).map((inner) => join(path, name, inner)) : [join(path, name)],
    )
    .filter((folder) => existsSync(join(folder, 'package.json')));
}

function candidateIn(folder: string): CandidatePackage | undefined {
  const packageJson = readPackageJson(join(folder, 'package.json'));
  if (packageJson?.jarvis === undefined) return undefined;
  return {
    name: typeof packageJson.name === 'string' ? packageJson.name : folder,
    version: typeof packageJson.version === 'string' ? packageJson.version : '',
    folder: realpathSync(folder),
    metadata: packageJson.jarvis,
  };
}

function readPackageJson(path: string): PackageJson | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as PackageJson;
  } catch {
    return undefined;
  }
}
