import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, relative } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject } from 'ajv';
import semver from 'semver';
import { Refused } from './refusal.js';

/** An npm package that says it has node packs. Nothing of it has been run. */
export interface CandidatePackage {
  /** Of a dependency the name it is installed under, else what its package.json says. */
  readonly name: string;
  readonly version: string;
  /** Real path of its folder. */
  readonly folder: string;
  /** A direct dependency, whose name npm vouches for. A folder calls itself what it likes: operators name it by its path. */
  readonly isDependency: boolean;
  /** The `jarvis` field of its package.json, unchecked. */
  readonly metadata: unknown;
}

/** One entry of `jarvis.nodepacks`; paths are relative to the package's folder and unchecked. */
export interface DeclaredPack {
  readonly packId: string;
  readonly entry: string;
  readonly manifest: string;
}

interface JarvisField {
  readonly nodepacks: Readonly<Record<string, { readonly entry: string; readonly manifest: string }>>;
  readonly compat: { readonly sdk: string };
}

const require = createRequire(import.meta.url);

/** The version of this SDK, which packs name a range of. */
export const SDK_VERSION = (require('../../package.json') as { version: string }).version;

const fitsSchema = new Ajv2020({ allErrors: true }).compile<JarvisField>(
  require('../../nodepack-package.schema.json') as object,
);

/**
 * The package in a folder.
 *
 * @param installedAs the name of a dependency; what a package calls itself proves nothing: lists and reserved ids go by this
 * @returns undefined when its package.json has no field `jarvis`
 * @throws Refused pack_metadata_invalid when there is no package.json that is a JSON object
 */
export function readPackage(folder: string, installedAs?: string): CandidatePackage | undefined {
  const content = readPackageJson(folder);
  if (content === undefined) {
    throw new Refused(
      'pack_metadata_invalid',
      installedAs === undefined
        ? `There is no package.json that is a JSON object in ${folder}.`
        : `The package.json of ${installedAs} is not a JSON object; install the package again.`,
    );
  }
  const { name, version, jarvis } = content;
  if (jarvis === undefined) return undefined;
  return {
    name: installedAs ?? (typeof name === 'string' && name !== '' ? name : folder),
    version: typeof version === 'string' ? version : '',
    folder: realpathSync(folder),
    isDependency: installedAs !== undefined,
    metadata: jarvis,
  };
}

/**
 * The packs that a package declares.
 *
 * @throws Refused pack_metadata_invalid, pack_sdk_incompatible
 */
export function declaredPacks({ name, version, metadata }: CandidatePackage): DeclaredPack[] {
  const invalid = (what: string) => new Refused('pack_metadata_invalid', `The package.json of ${name} ${what}.`);
  if (!fitsSchema(metadata)) {
    throw invalid(`does not fit nodepack-package.schema.json: ${firstOf(fitsSchema.errors, 'jarvis')}`);
  }
  if (semver.valid(version) === null) throw invalid('has no version such as 1.0.0');
  const { sdk: range } = metadata.compat;
  if (semver.validRange(range) === null) {
    throw invalid(`has a jarvis.compat.sdk that is no range of versions: "${range}"`);
  }
  if (!semver.satisfies(SDK_VERSION, range, { includePrerelease: true })) {
    throw new Refused(
      'pack_sdk_incompatible',
      `${name} is made for node-pack-sdk ${range}, this executor has ${SDK_VERSION}. Install a version of it that fits; its author says in jarvis.compat.sdk which SDKs it works with.`,
    );
  }
  return Object.entries(metadata.nodepacks).map(([packId, paths]) => ({ packId, ...paths }));
}

/**
 * The real path of a file of a package.
 *
 * @returns undefined when it does not exist
 * @throws Refused pack_path_outside_package, also for a link that leads out
 */
export function fileInside({ name, folder }: CandidatePackage, path: string, packId: string): string | undefined {
  const outside = new Refused(
    'pack_path_outside_package',
    `${name} names ${path}, which is outside its own folder.`,
    packId,
  );
  const isWithin = (file: string) => {
    const way = relative(folder, file);
    return way !== '' && !way.startsWith('..') && !isAbsolute(way);
  };
  const file = join(folder, path);
  if (!isWithin(file)) throw outside;
  if (!existsSync(file)) return undefined;
  const real = realpathSync(file);
  if (!isWithin(real)) throw outside;
  return real;
}

/** What a schema says first, with the path of the field it is about. */
export function firstOf(errors: readonly ErrorObject[] | null | undefined, root: string): string {
  const first = errors?.[0];
  if (first === undefined) return 'no reason was given';
  const { additionalProperty, allowedValue } = first.params as { additionalProperty?: string; allowedValue?: unknown };
  const what =
    additionalProperty === undefined
      ? `${first.message}${allowedValue === undefined ? '' : ` ${JSON.stringify(allowedValue)}`}`
      : `has the unknown field "${additionalProperty}"`;
  return `${root}${first.instancePath.replaceAll('~1', '/').replaceAll('~0', '~')} ${what}`;
}

interface PackageJson {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly jarvis?: unknown;
}

function readPackageJson(folder: string): PackageJson | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return typeof content === 'object' && content !== null && !Array.isArray(content) ? content : undefined;
  } catch {
    return undefined;
  }
}
