/** A JSON Schema (draft 2020-12) as an object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A JSON object: what goes into a node and what comes out. */
export type JsonObject = Record<string, unknown>;

/** How far a node reaches: it reads, it changes something, or it does what cannot be undone. */
export type SideEffect = 'read' | 'write' | 'irreversible';

/** Writes lines to the executor's log; they carry the run and node run ids. Never log secrets. */
export interface NodeLogger {
  info(message: string, fields?: JsonObject): void;
  warn(message: string, fields?: JsonObject): void;
  error(message: string, fields?: JsonObject): void;
}

/**
 * What a handler is given besides its inputs.
 *
 * @example
 * async run(inputs, ctx) {
 *   ctx.logger.info('fetching', { nodeRun: ctx.nodeRunId });
 *   const response = await fetch(String(inputs.url), { signal: ctx.signal });
 *   return { status: response.status };
 * }
 */
export interface NodeContext {
  readonly runId: string;
  readonly nodeRunId: string;
  readonly nodeTypeId: string;
  readonly nodeTypeVersion: string;
  /** Fires when the node run is canceled or its time is up. Pass it to everything that waits; a handler that ignores it is abandoned. */
  readonly signal: AbortSignal;
  readonly logger: NodeLogger;
  /** The run's context as the standard has it (tenant, actor, trace), when the caller gave one. */
  readonly runContext?: Readonly<JsonObject>;
  /** The constraint envelope in force, when there is one. */
  readonly constraints?: Readonly<JsonObject>;
}

/** Inputs that work, and what they give. Shown to people and models; run by the pack's tests. */
export interface NodeExample {
  readonly inputs: JsonObject;
  readonly outputs?: JsonObject;
}

/** What `defineNode` takes. */
export interface NodeDefinition {
  /** `<pack id>.<name>`, e.g. `acme.weather.forecast`. */
  readonly id: string;
  /** One or two sentences for whoever chooses a node, person or model. */
  readonly description: string;
  /** JSON Schema of the inputs; of type object. */
  readonly input: JsonSchema;
  /** JSON Schema of the outputs; of type object. */
  readonly output: JsonSchema;
  /** Default `read`. */
  readonly sideEffect?: SideEffect;
  /** Default `third_party`. */
  readonly trustTier?: string;
  /** Whether running it twice with the same inputs does no more than running it once. Default: true for `read`, else false. */
  readonly idempotent?: boolean;
  /** Longest time a run may take, in milliseconds. Default: the executor's. */
  readonly timeoutMs?: number;
  readonly tags?: readonly string[];
  readonly examples?: readonly NodeExample[];
  /** Does the work. Returns the outputs; throws TerminalError or RetryableError to say what went wrong. */
  run(inputs: JsonObject, ctx: NodeContext): Promise<JsonObject> | JsonObject;
}

/** A node with its defaults filled in. */
export type Node = Required<Omit<NodeDefinition, 'timeoutMs' | 'tags' | 'examples'>> &
  Pick<NodeDefinition, 'timeoutMs' | 'tags' | 'examples'>;

/** What `definePack` takes and returns. */
export interface Pack {
  /** Lower case, at least two parts: `acme.weather`. */
  readonly id: string;
  /** The version of the package; every node has it as its node type version. */
  readonly version: string;
  readonly nodes: readonly Node[];
}

const PACK_ID = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9_-]*)+$/;
const NODE_NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;
const SIDE_EFFECTS: readonly string[] = ['read', 'write', 'irreversible'];

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf<T>(value: readonly T[], rule: (item: T) => boolean): boolean {
  return Array.isArray(value) && value.every(rule);
}

function isExample(example: NodeExample): boolean {
  if (
    !isObject(example) ||
    !isObject(example.inputs) ||
    !(example.outputs === undefined || isObject(example.outputs))
  ) {
    return false;
  }
  return Object.keys(example).every((key) => key === 'inputs' || key === 'outputs');
}

/**
 * Defines one node.
 *
 * @example
 * export const double = defineNode({
 *   id: 'acme.math.double',
 *   description: 'Doubles a number.',
 *   input: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'], additionalProperties: false },
 *   output: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'], additionalProperties: false },
 *   run: (inputs) => ({ n: Number(inputs.n) * 2 }),
 * });
 * @throws TypeError that names the field that is wrong
 */
export function defineNode(definition: NodeDefinition): Node {
  if (!isObject(definition)) throw new TypeError('defineNode takes an object: { id, description, input, output, run }');
  const { id, trustTier, idempotent, tags, examples } = definition;
  const refuse = (field: string, rule: string): never => {
    throw new TypeError(`node ${typeof id === 'string' ? id : '(without id)'}: ${field} ${rule}`);
  };
  if (typeof id !== 'string' || !/^[a-z][a-z0-9-]*(\.[a-z0-9_-]+){2,}$/.test(id)) {
    refuse('id', 'must be <pack id>.<name>, such as acme.math.double');
  }
  if (typeof definition.description !== 'string' || definition.description.trim() === '') {
    refuse('description', 'must say what the node does');
  }
  for (const field of ['input', 'output'] as const) {
    if (definition[field]?.['type'] !== 'object') refuse(field, 'must be a JSON Schema with type "object"');
  }
  if (definition.sideEffect !== undefined && !SIDE_EFFECTS.includes(definition.sideEffect)) {
    refuse('sideEffect', `must be one of ${SIDE_EFFECTS.join(', ')}`);
  }
  if (definition.timeoutMs !== undefined && !(Number.isInteger(definition.timeoutMs) && definition.timeoutMs > 0)) {
    refuse('timeoutMs', 'must be a whole number of milliseconds above 0');
  }
  if (trustTier !== undefined && (typeof trustTier !== 'string' || trustTier === '')) {
    refuse('trustTier', 'must be the name of a tier, such as third_party');
  }
  if (idempotent !== undefined && typeof idempotent !== 'boolean') refuse('idempotent', 'must be true or false');
  if (
    tags !== undefined &&
    !isListOf(tags, (tag) => typeof tag === 'string' && tags.indexOf(tag) === tags.lastIndexOf(tag))
  ) {
    refuse('tags', 'must be a list of different words');
  }
  if (examples !== undefined && !isListOf(examples, isExample)) {
    refuse('examples', 'must be a list of { inputs, outputs? }, both objects');
  }
  if (typeof definition.run !== 'function') refuse('run', 'must be a function');
  const sideEffect = definition.sideEffect ?? 'read';
  return Object.freeze({
    ...definition,
    run: definition.run.bind(definition),
    sideEffect,
    trustTier: definition.trustTier ?? 'third_party',
    idempotent: definition.idempotent ?? sideEffect === 'read',
  });
}

/**
 * Defines a pack: the default export of the module that package.json names under `jarvis.nodepacks`.
 *
 * @example export default definePack({ id: 'acme.math', version: '1.0.0', nodes: [double] });
 * @throws TypeError that names what is wrong
 */
export function definePack(pack: Pack): Pack {
  if (!isObject(pack)) throw new TypeError('definePack takes an object: { id, version, nodes }');
  const refuse = (rule: string): never => {
    throw new TypeError(`pack ${typeof pack.id === 'string' ? pack.id : '(without id)'}: ${rule}`);
  };
  if (typeof pack.id !== 'string' || !PACK_ID.test(pack.id)) {
    refuse('id must be lower case with at least two parts, such as acme.math');
  }
  if (typeof pack.version !== 'string' || pack.version === '') refuse('version must be the version of the package');
  if (!Array.isArray(pack.nodes) || pack.nodes.length === 0) refuse('nodes must hold at least one node');
  const seen = new Set<string>();
  for (const node of pack.nodes) {
    if (!isObject(node) || typeof node.id !== 'string' || node.sideEffect === undefined) {
      refuse('nodes must come from defineNode');
    }
    const { id } = node;
    if (!id.startsWith(`${pack.id}.`) || !NODE_NAME.test(id.slice(pack.id.length + 1))) {
      refuse(`node ${id} must be named ${pack.id}.<name>`);
    }
    if (seen.has(id)) refuse(`node ${id} is there twice`);
    seen.add(id);
  }
  return Object.freeze({ ...pack, nodes: Object.freeze([...pack.nodes]) });
}
