import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { JsonSchema, ManifestNode, Node, NodePackManifest, Pack } from '@arp-jarvis/node-pack-sdk';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv';
import addFormatsModule from 'ajv-formats';
import semver from 'semver';
import type { CandidatePackage } from './discovery.js';
import { Refused } from './refusal.js';

/** What an operator and the suite itself demand of a pack. */
export interface AdmissionRules {
  /** Names of packages that may be loaded; absent: all that were found. */
  readonly allow?: readonly string[];
  /** Names of packages that are never loaded. */
  readonly deny: readonly string[];
  /** Package name prefixes whose packs may use node ids that start with `jarvis.`. */
  readonly firstParty: readonly string[];
  /** Longest time the module of a pack may take to load, in milliseconds. Default 30 000. */
  readonly importTimeoutMs?: number;
}

/** A node of an admitted pack. */
export interface LoadedNode {
  readonly manifest: ManifestNode;
  readonly packId: string;
  /** The node type's version: the pack's. */
  readonly version: string;
  readonly packageName: string;
  readonly handler: Node;
  readonly validateInputs: ValidateFunction;
  readonly validateOutputs: ValidateFunction;
}

/** One entry of `jarvis.nodepacks`; paths are relative to the package's folder and unchecked. */
export interface DeclaredPack {
  readonly packId: string;
  readonly entry: string;
  readonly manifest: string;
}

const IMPORT_TIMEOUT_MS = 30_000;

const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => Ajv2020;
const require = createRequire(import.meta.url);
const sdkVersion = (require('@arp-jarvis/node-pack-sdk/package.json') as { version: string }).version;
const manifestSchema = require('@arp-jarvis/node-pack-sdk/nodepack-manifest.schema.json') as object;
const validateManifest = new Ajv2020({ allErrors: true }).compile<NodePackManifest>(manifestSchema);

/**
 * Everything a package has to pass before it is asked for its packs: the operator's lists, its metadata, the SDK range.
 *
 * @throws Refused
 */
export function declaredPacks(candidate: CandidatePackage, rules: AdmissionRules): DeclaredPack[] {
  checkLists(candidate, rules);
  return readMetadata(candidate);
}

/**
 * Everything a pack has to pass before its nodes run, in this order: paths, manifest, node ids, schemas; only then is its code
 * imported, and its handlers compared with the manifest.
 *
 * @throws Refused
 */
export async function admitPack(
  candidate: CandidatePackage,
  pack: DeclaredPack,
  rules: AdmissionRules,
): Promise<LoadedNode[]> {
  const manifest = readManifest(candidate, pack);
  checkNodeIds(candidate, manifest, rules);
  const validators = manifest.nodes.map((node) => compileSchemas(candidate, node, pack.packId));
  const handlers = await readHandlers(candidate, pack, rules.importTimeoutMs ?? IMPORT_TIMEOUT_MS);
  checkHandlers(candidate, manifest, handlers, pack.packId);
  return manifest.nodes.map((node, index): LoadedNode => {
    const handler = handlers.get(node.id);
    const compiled = validators[index];
    if (handler === undefined || compiled === undefined) throw new Error('checked above');
    return {
      manifest: node,
      packId: pack.packId,
      version: manifest.version,
      packageName: candidate.name,
      handler,
      ...compiled,
    };
  });
}

function checkLists({ name }: CandidatePackage, rules: AdmissionRules): void {
  if (rules.deny.includes(name)) {
    throw new Refused('pack_denied', `${name} is on the deny list (JARVIS_NODEPACK_DENY).`);
  }
  if (rules.allow !== undefined && !rules.allow.includes(name)) {
    throw new Refused('pack_denied', `${name} is not on the allow list; add it to JARVIS_NODEPACK_ALLOW to load it.`);
  }
}

function readMetadata({ name, metadata }: CandidatePackage): DeclaredPack[] {
  const invalid = (what: string) =>
    new Refused('pack_metadata_invalid', `The field "jarvis" in the package.json of ${name} ${what}.`);
  const field = metadata as { schemaVersion?: unknown; nodepacks?: unknown; compat?: { sdk?: unknown } } | null;
  if (typeof field !== 'object' || field === null) throw invalid('must be an object');
  if (field.schemaVersion !== 1) throw invalid('must have schemaVersion 1');
  const range = field.compat?.sdk;
  if (typeof range !== 'string' || semver.validRange(range) === null) {
    throw invalid('must have compat.sdk, a range of SDK versions such as "^0.1.0"');
  }
  if (!semver.satisfies(sdkVersion, range, { includePrerelease: true })) {
    throw new Refused(
      'pack_sdk_incompatible',
      `${name} is made for node-pack-sdk ${range}, this executor has ${sdkVersion}. Install a version of it that fits.`,
    );
  }
  if (typeof field.nodepacks !== 'object' || field.nodepacks === null) {
    throw invalid('must have nodepacks: pack id -> {entry, manifest}');
  }
  const packs = Object.entries(field.nodepacks as Record<string, unknown>).map(([packId, value]): DeclaredPack => {
    const { entry, manifest } = (value ?? {}) as { entry?: unknown; manifest?: unknown };
    if (typeof entry !== 'string' || typeof manifest !== 'string') {
      throw invalid(`must give "${packId}" an entry and a manifest, both paths inside the package`);
    }
    return { packId, entry, manifest };
  });
  if (packs.length === 0) throw invalid('names no pack');
  return packs;
}

function readManifest(candidate: CandidatePackage, { packId, manifest: path }: DeclaredPack): NodePackManifest {
  const file = inside(candidate, path, packId);
  if (file === undefined) {
    throw new Refused(
      'pack_manifest_missing',
      `${candidate.name} has no manifest at ${path}; its author builds it with jarvis-node-pack build.`,
      packId,
    );
  }
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new Refused('pack_manifest_invalid', `The manifest ${path} of ${candidate.name} is not JSON.`, packId);
  }
  if (!validateManifest(content)) {
    const first = validateManifest.errors?.[0];
    throw new Refused(
      'pack_manifest_invalid',
      `The manifest ${path} of ${candidate.name} does not fit its schema: ${first?.instancePath || '/'} ${first?.message}.`,
      packId,
    );
  }
  if (content.id !== packId || content.version !== candidate.version) {
    throw new Refused(
      'pack_manifest_invalid',
      `The manifest ${path} of ${candidate.name} is of ${content.id} ${content.version}, package.json says ${packId} ${candidate.version}; build it again.`,
      packId,
    );
  }
  return content;
}

function checkNodeIds(
  { name }: CandidatePackage,
  { id: packId, nodes }: NodePackManifest,
  rules: AdmissionRules,
): void {
  for (const { id } of nodes) {
    if (!id.startsWith(`${packId}.`)) {
      throw new Refused(
        'node_id_outside_pack',
        `The node ${id} of ${name} must start with the id of its pack, ${packId}.`,
        packId,
      );
    }
    if (id.startsWith('jarvis.') && !rules.firstParty.some((prefix) => name.startsWith(prefix))) {
      throw new Refused(
        'node_id_reserved',
        `The node ${id} of ${name}: ids that start with jarvis. are reserved for the suite's own packs.`,
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

function compileSchemas(
  { name }: CandidatePackage,
  node: ManifestNode,
  packId: string,
): Pick<LoadedNode, 'validateInputs' | 'validateOutputs'> {
  const unreadable = (which: string, reason: string) =>
    new Refused(
      'node_schema_unreadable',
      `The ${which} of ${node.id} in ${name} is not a JSON Schema that can be used: ${reason}.`,
      packId,
    );
  const compile = (schema: JsonSchema, which: string) => {
    // ajv's own keyword: such a schema compiles to a function that returns a promise, which is never false.
    if ('$async' in schema) throw unreadable(which, '$async is not part of JSON Schema');
    try {
      return addFormats(new Ajv2020({ allErrors: true, strict: false, logger: false })).compile(schema);
    } catch (error) {
      throw unreadable(which, reasonOf(error));
    }
  };
  return {
    validateInputs: compile(node.input_schema, 'input_schema'),
    validateOutputs: compile(node.output_schema, 'output_schema'),
  };
}

async function readHandlers(
  candidate: CandidatePackage,
  { packId, entry }: DeclaredPack,
  timeoutMs: number,
): Promise<Map<string, Node>> {
  const file = inside(candidate, entry, packId);
  if (file === undefined) {
    throw new Refused(
      'pack_module_missing',
      `${candidate.name} has no module at ${entry}; it may not have been built.`,
      packId,
    );
  }
  try {
    return handlersOf(await importWithin(file, timeoutMs), packId);
  } catch (error) {
    throw new Refused(
      'pack_module_failed',
      `${entry} of ${candidate.name} cannot be used: ${reasonOf(error)}. Ask its author, or remove it.`,
      packId,
    );
  }
}

/** Nothing of the module is trusted to be what the SDK would have made of it. */
function handlersOf(module: { default?: unknown }, packId: string): Map<string, Node> {
  // A CommonJS module's `exports.default` arrives one level deeper.
  const outer = module.default as (Partial<Pack> & { default?: Partial<Pack> }) | undefined;
  const pack = outer?.nodes === undefined ? outer?.default : outer;
  if (pack?.id !== packId || !Array.isArray(pack.nodes)) {
    throw new Error(`its default export is not the pack ${packId}`);
  }
  const handlers = (pack.nodes as readonly (Node | null | undefined)[]).map((node): [string, Node] => {
    if (typeof node?.id !== 'string') throw new Error('one of its nodes has no id');
    return [node.id, node];
  });
  return new Map(handlers);
}

/** A module with a top-level await that never settles would otherwise keep every other pack waiting. */
async function importWithin(file: string, timeoutMs: number): Promise<{ default?: unknown }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not finish loading within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([import(pathToFileURL(file).href) as Promise<{ default?: unknown }>, late]);
  } finally {
    clearTimeout(timer);
  }
}

function checkHandlers(
  { name }: CandidatePackage,
  manifest: NodePackManifest,
  handlers: ReadonlyMap<string, Node>,
  packId: string,
): void {
  const declared = new Set(manifest.nodes.map(({ id }) => id));
  for (const id of declared) {
    if (typeof handlers.get(id)?.run !== 'function') {
      throw new Refused(
        'pack_handler_missing',
        `The manifest of ${name} declares ${id}, its code has no handler for it; build the pack again.`,
        packId,
      );
    }
  }
  for (const id of handlers.keys()) {
    if (!declared.has(id)) {
      throw new Refused(
        'pack_handler_undeclared',
        `The code of ${name} has a handler for ${id}, its manifest does not declare it; build the pack again.`,
        packId,
      );
    }
  }
}

/** First line of an error's message, without the stop at its end: it becomes part of a sentence. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? '').replace(/\.$/, '') || 'no reason was given';
}

/** The real path of a file of the package; undefined when it does not exist. */
function inside({ name, folder }: CandidatePackage, path: string, packId: string): string | undefined {
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
