import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { admitPack, moduleFailed } from '../admission/admission.js';
import type { AdmittedPack } from '../admission/admission.js';
import { declaredPacks, readPackage } from '../admission/package-metadata.js';
import type { CandidatePackage, DeclaredPack } from '../admission/package-metadata.js';
import { Refused } from '../admission/refusal.js';
import { importPack } from '../runtime/pack-module.js';
import type { PackModule } from '../runtime/pack-module.js';

/** Packages with this prefix may have packs whose id starts with `jarvis.`, as in the executor. */
const FIRST_PARTY = '@arp-jarvis/';
const IMPORT_TIMEOUT_MS = 30_000;

/**
 * The package in a folder, which has to be one with packs.
 *
 * @throws Refused as the executor does; pack_metadata_invalid when nothing there is a package with packs
 */
export function openPackage(folder: string): CandidatePackage {
  const candidate = readPackage(folder);
  if (candidate === undefined) {
    throw new Refused(
      'pack_metadata_invalid',
      'package.json has no field "jarvis"; add {"schemaVersion": 1, "nodepacks": {"<pack id>": {"entry": "./dist/index.js", "manifest": "./jarvis.nodepack.json"}}, "compat": {"sdk": "^0.1.0"}}.',
    );
  }
  return candidate;
}

/**
 * A pack as the executor would admit it; its code is not run.
 *
 * @throws Refused
 */
export function readPack(candidate: CandidatePackage, declared: DeclaredPack): AdmittedPack {
  return admitPack(candidate, declared, candidate.name.startsWith(FIRST_PARTY));
}

/**
 * All packs of a package.
 *
 * @throws Refused for the first that the executor would refuse
 */
export function readPacks(folder: string): AdmittedPack[] {
  const candidate = openPackage(folder);
  return declaredPacks(candidate).map((declared) => readPack(candidate, declared));
}

/**
 * The code of a pack: runs it.
 *
 * @throws Refused pack_module_failed
 */
export async function importAdmitted(pack: AdmittedPack): Promise<PackModule> {
  try {
    return await importPack(pack.entryFile, pack.packId, IMPORT_TIMEOUT_MS);
  } catch (error) {
    throw moduleFailed(pack, error);
  }
}

/** The package.json of a folder in which there is one. */
export function readPackageJson(folder: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
}
