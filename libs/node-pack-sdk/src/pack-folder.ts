import { access, readFile } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Pack } from './define-pack.js';
import { manifestOf } from './manifest.js';
import { reasonOf } from './runtime/pack-module.js';

/** A manifest as it should be on disk. */
export interface ExpectedManifest {
  readonly packId: string;
  /** Absolute path. */
  readonly path: string;
  readonly text: string;
}

/**
 * The manifests that the packs of a folder should have, from its package.json and its built code.
 *
 * @throws Error with one sentence that says what is wrong
 */
export async function expectedManifests(folder: string): Promise<ExpectedManifest[]> {
  const packageJson = await readPackageJson(folder);
  const declared = Object.entries(packageJson.jarvis?.nodepacks ?? {});
  if (declared.length === 0) {
    throw new Error(
      'package.json declares no pack: add "jarvis": {"nodepacks": {"<pack id>": {"entry": "./dist/index.js", "manifest": "./jarvis.nodepack.json"}}}.',
    );
  }
  return Promise.all(declared.map((declaration) => expectedManifest(folder, packageJson.version, declaration)));
}

interface PackPackageJson {
  readonly version?: unknown;
  readonly jarvis?: { readonly nodepacks?: Record<string, { readonly entry?: unknown; readonly manifest?: unknown }> };
}

async function readPackageJson(folder: string): Promise<PackPackageJson> {
  const text = await readFile(resolve(folder, 'package.json'), 'utf8').catch(() => {
    throw new Error(`There is no package.json in ${folder}; run this in the folder of a pack.`);
  });
  try {
    return JSON.parse(text) as PackPackageJson;
  } catch (error) {
    throw new Error(`package.json is not JSON: ${reasonOf(error)}.`, { cause: error });
  }
}

async function expectedManifest(
  folder: string,
  packageVersion: unknown,
  [packId, paths]: [string, { readonly entry?: unknown; readonly manifest?: unknown } | null],
): Promise<ExpectedManifest> {
  const { entry, manifest } = paths ?? {};
  if (typeof entry !== 'string' || typeof manifest !== 'string') {
    throw new Error(`jarvis.nodepacks["${packId}"] needs "entry" and "manifest", both paths inside the package.`);
  }
  const path = resolve(folder, manifest);
  if (!path.startsWith(resolve(folder) + sep)) {
    throw new Error(`The manifest of ${packId}, ${manifest}, must be inside the package.`);
  }
  const pack = (await importEntry(folder, packId, entry)).default;
  if (pack?.id !== packId || pack.nodes === undefined) {
    throw new Error(
      `The default export of ${entry} is not the pack ${packId}: export default definePack({ id: '${packId}', … }).`,
    );
  }
  // The executor refuses a manifest of another version than its package; the author should hear it first.
  if (pack.version !== packageVersion) {
    throw new Error(
      `The code says ${packId} is version ${pack.version}, package.json says ${String(packageVersion)}; give definePack the version of package.json.`,
    );
  }
  return { packId, path, text: `${JSON.stringify(manifestOf(pack as Pack), null, 2)}\n` };
}

async function importEntry(folder: string, packId: string, entry: string): Promise<{ default?: Partial<Pack> }> {
  const file = resolve(folder, entry);
  await access(file).catch(() => {
    throw new Error(`There is no ${entry}, the entry of ${packId}; build the code first.`);
  });
  try {
    const module = (await import(pathToFileURL(file).href)) as {
      default?: Partial<Pack> & { default?: Partial<Pack> };
    };
    // A CommonJS module's `exports.default` arrives one level deeper.
    return module.default?.nodes === undefined && module.default?.default !== undefined ? module.default : module;
  } catch (error) {
    throw new Error(`${entry}, the entry of ${packId}, failed while it was loaded: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
}
