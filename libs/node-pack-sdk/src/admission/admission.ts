import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv';
import type { ManifestNode, NodePackManifest } from '../manifest.js';
import { reasonOf } from '../runtime/pack-module.js';
import { compileSchema } from '../runtime/schema-check.js';
import { fileInside, firstOf } from './package-metadata.js';
import type { CandidatePackage, DeclaredPack } from './package-metadata.js';
import { Refused } from './refusal.js';

/** A node as its manifest describes it. */
export interface AdmittedNode {
  readonly manifest: ManifestNode;
  readonly validateInputs: ValidateFunction;
  readonly validateOutputs: ValidateFunction;
}

/** A pack whose package says nothing wrong. Its code has not been run. */
export interface AdmittedPack {
  readonly packId: string;
  readonly version: string;
  readonly packageName: string;
  /** Real path of the package's folder. */
  readonly folder: string;
  /** Real path of the module whose default export is the pack. */
  readonly entryFile: string;
  readonly isDependency: boolean;
  readonly isFirstParty: boolean;
  readonly manifest: NodePackManifest;
  readonly nodes: readonly AdmittedNode[];
}

const fitsSchema = new Ajv2020({ allErrors: true }).compile<NodePackManifest>(
  createRequire(import.meta.url)('../../nodepack-manifest.schema.json') as object,
);

/**
 * Everything that a pack has to pass before its code is run, in this order: paths, manifest, ids and trust, schemas.
 *
 * @param isFirstParty whether its nodes may have ids that start with `jarvis.` and the trust tier `first_party`
 * @throws Refused
 */
export function admitPack(candidate: CandidatePackage, declared: DeclaredPack, isFirstParty: boolean): AdmittedPack {
  const { packId } = declared;
  const manifest = readManifest(candidate, declared);
  checkNodes(candidate, manifest, isFirstParty);
  const nodes = manifest.nodes.map((node) => compileSchemas(candidate, node, packId));
  const entryFile = fileInside(candidate, declared.entry, packId);
  if (entryFile === undefined) {
    throw new Refused(
      'pack_module_missing',
      `${candidate.name} has no module at ${declared.entry}; it may not have been built.`,
      packId,
    );
  }
  const { name: packageName, folder, isDependency } = candidate;
  return {
    packId,
    version: manifest.version,
    packageName,
    folder,
    entryFile,
    isDependency,
    isFirstParty,
    manifest,
    nodes,
  };
}

/**
 * Compares what the code of a pack has with what its manifest says.
 *
 * @throws Refused pack_handler_missing, pack_handler_undeclared
 */
export function checkHandlers(pack: AdmittedPack, handlerIds: readonly string[]): void {
  const { packageName, packId } = pack;
  const declared = pack.nodes.map(({ manifest }) => manifest.id);
  const missing = declared.find((id) => !handlerIds.includes(id));
  if (missing !== undefined) {
    throw new Refused(
      'pack_handler_missing',
      `The manifest of ${packageName} declares ${missing}, its code has no handler for it; build the pack again.`,
      packId,
    );
  }
  const undeclared = handlerIds.find((id) => !declared.includes(id));
  if (undeclared !== undefined) {
    throw new Refused(
      'pack_handler_undeclared',
      `The code of ${packageName} has a handler for ${undeclared}, its manifest does not declare it; build the pack again.`,
      packId,
    );
  }
}

/** The refusal of a pack whose code could not be loaded. */
export function moduleFailed({ packageName, packId }: AdmittedPack, error: unknown): Refused {
  return new Refused(
    'pack_module_failed',
    `The code of ${packageName} cannot be used: ${reasonOf(error)}. Ask its author, or remove it.`,
    packId,
  );
}

function readManifest(candidate: CandidatePackage, { packId, manifest: path }: DeclaredPack): NodePackManifest {
  const file = fileInside(candidate, path, packId);
  if (file === undefined) {
    throw new Refused(
      'pack_manifest_missing',
      `${candidate.name} has no manifest at ${path}; its author builds it with jarvis-node-pack build.`,
      packId,
    );
  }
  const invalid = (what: string) =>
    new Refused('pack_manifest_invalid', `The manifest ${path} of ${candidate.name} ${what}.`, packId);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw invalid('is not JSON');
  }
  if (!fitsSchema(content)) throw invalid(`does not fit its schema: ${firstOf(fitsSchema.errors, '')}`);
  if (content.id !== packId || content.version !== candidate.version) {
    throw invalid(
      `is of ${content.id} ${content.version}, package.json says ${packId} ${candidate.version}; build it again`,
    );
  }
  return content;
}

function checkNodes({ name }: CandidatePackage, { id: packId, nodes }: NodePackManifest, isFirstParty: boolean): void {
  for (const { id, trust_tier } of nodes) {
    if (!id.startsWith(`${packId}.`)) {
      throw new Refused(
        'node_id_outside_pack',
        `The node ${id} of ${name} must start with the id of its pack, ${packId}.`,
        packId,
      );
    }
    if (isFirstParty) continue;
    if (id.startsWith('jarvis.')) {
      throw new Refused(
        'node_id_reserved',
        `The node ${id} of ${name}: ids that start with jarvis. are reserved for the suite's own packs.`,
        packId,
      );
    }
    if (trust_tier === 'first_party') {
      throw new Refused(
        'trust_tier_reserved',
        `The node ${id} of ${name} says it is first_party; only the suite's own packs are.`,
        packId,
      );
    }
  }
  const ids = nodes.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) {
    throw new Refused('node_id_duplicate', `The manifest of ${name} has the node ${twice} twice.`, packId);
  }
}

function compileSchemas({ name }: CandidatePackage, node: ManifestNode, packId: string): AdmittedNode {
  const compile = (field: 'input_schema' | 'output_schema') => {
    try {
      return compileSchema(node[field]);
    } catch (error) {
      throw new Refused(
        'node_schema_unreadable',
        `The ${field} of ${node.id} in ${name} is not a JSON Schema that can be used: ${reasonOf(error)}.`,
        packId,
      );
    }
  };
  return { manifest: node, validateInputs: compile('input_schema'), validateOutputs: compile('output_schema') };
}
