import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { checkHandlers } from '../admission/admission.js';
import { declaredPacks } from '../admission/package-metadata.js';
import type { CandidatePackage, DeclaredPack } from '../admission/package-metadata.js';
import { Refused } from '../admission/refusal.js';
import type { RefusalCode } from '../admission/refusal.js';
import { expectedManifests } from '../pack-folder.js';
import type { Output } from './output.js';
import { importAdmitted, openPackage, readPack, readPackageJson } from './pack-package.js';
import { publishingChecks } from './publishing.js';
import type { PublishingCode } from './publishing.js';

/** One thing that was looked at. */
export interface Check {
  readonly ok: boolean;
  /** What it is about, such as `acme.math: manifest`. */
  readonly about: string;
  /** When it is not ok: an executor's refusal code, or one of this tool. */
  readonly code?: RefusalCode | PublishingCode | 'manifest_outdated';
  /** When it is not ok: what is wrong and what to do. */
  readonly message?: string;
}

/**
 * Checks a package: what an executor would refuse, with its code and message; whether the manifest is what the code says; whether it is
 * fit to be published.
 *
 * @returns the exit code
 */
export async function validateCommand(
  folder: string,
  output: Output,
  { json }: { readonly json: boolean },
): Promise<number> {
  const checks = await validate(folder);
  const ok = checks.every((check) => check.ok);
  if (json) output.line(JSON.stringify({ ok, checks }, null, 2));
  else {
    for (const { ok: isOk, about, code, message } of checks) {
      output.marked(isOk ? 'ok' : 'fail', isOk ? about : `${about}: ${code}: ${message}`);
    }
  }
  return ok ? 0 : 1;
}

/** The checks of a package, in the order in which they are worth mending. */
export async function validate(folder: string): Promise<readonly Check[]> {
  const checks: Check[] = [];
  const passes = async <T>(about: string, look: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      const found = await look();
      checks.push({ ok: true, about });
      return found;
    } catch (error) {
      if (!(error instanceof Refused) && !(error instanceof Outdated)) throw error;
      checks.push({ ok: false, about, code: error.code, message: error.message });
      return undefined;
    }
  };
  const candidate = await passes('package.json: field jarvis', () => openPackage(folder));
  if (candidate === undefined) return checks;
  const declared = (await passes('package.json: packs and SDK range', () => declaredPacks(candidate))) ?? [];
  for (const pack of declared) await validatePack(candidate, pack, passes);
  const publishing = await publishingChecks(folder, readPackageJson(folder), declared);
  return [...checks, ...publishing.map(({ about, code, message }) => resultOf(about, code, message))];
}

async function validatePack(
  candidate: CandidatePackage,
  declared: DeclaredPack,
  passes: <T>(about: string, look: () => T | Promise<T>) => Promise<T | undefined>,
): Promise<void> {
  const { packId } = declared;
  const admitted = await passes(`${packId}: manifest, ids and schemas`, () => readPack(candidate, declared));
  if (admitted === undefined) return;
  const module = await passes(`${packId}: code can be loaded`, () => importAdmitted(admitted));
  if (module === undefined) return;
  await passes(`${packId}: a handler for each node`, () => checkHandlers(admitted, [...module.handlers.keys()]));
  await passes(`${packId}: manifest is what the code says`, () => checkDrift(admitted.folder, packId));
}

async function checkDrift(folder: string, packId: string): Promise<void> {
  const manifests = await expectedManifests(folder).catch((error: unknown) => {
    throw new Outdated(error instanceof Error ? error.message : String(error));
  });
  for (const { path, text } of manifests.filter((manifest) => manifest.packId === packId)) {
    if ((await readFile(path, 'utf8')) === text) continue;
    throw new Outdated(`${relative(folder, path)} is not what the code says; run jarvis-node-pack build.`);
  }
}

function resultOf(about: string, code: PublishingCode, message: string | undefined): Check {
  return message === undefined ? { ok: true, about } : { ok: false, about, code, message };
}

class Outdated extends Error {
  readonly code = 'manifest_outdated';
}
