import type { InferSchema, JsonObject, JsonSchema } from './json-schema.js';
import { MAX_TIMER_MS } from './max-timer.js';
import type { NodeContext } from './node-context.js';

/** How far a node reaches: it reads, it changes something, or it does what cannot be undone. */
export type SideEffect = 'read' | 'write' | 'irreversible';

/** Inputs that work, and what they give. Shown to people and models; run by `testNodePack`. */
export interface NodeExample {
  readonly inputs: JsonObject;
  /** What comes out, exactly. Without it the outputs only have to match the output schema. */
  readonly outputs?: JsonObject;
  /** Code of the error with which these inputs fail; one of the node's `errors`. */
  readonly error?: string;
}

/** How the coordinator repeats a node run that failed with a `RetryableError`. */
export interface RetryPolicy {
  /** Executions in all, the first included. */
  readonly maxAttempts: number;
  /** Pause before the second, in milliseconds. Default 1 000. */
  readonly initialDelayMs?: number;
  /** By which each pause is longer than the one before. Default 2. */
  readonly multiplier?: number;
  /** Longest pause, in milliseconds. Default 60 000. */
  readonly maxDelayMs?: number;
}

/** A code that the node's errors carry, and what it means to whoever reads it. */
export interface DeclaredError {
  readonly description: string;
  /** Default false. */
  readonly retryable?: boolean;
}

/** What `defineNode` takes beside the schemas and the handler. */
export interface NodeFacts {
  /** `<pack id>.<name>`, e.g. `acme.weather.forecast`. */
  readonly id: string;
  /** One or two sentences for whoever chooses a node, person or model. */
  readonly description: string;
  /** Default `read`. */
  readonly sideEffect?: SideEffect;
  /** Default `third_party`. `first_party` is the suite's own packs'. */
  readonly trustTier?: string;
  /** Whether running it twice with the same inputs does no more than running it once. Default: true for `read`, else false. */
  readonly idempotent?: boolean;
  /** Default: the coordinator's. */
  readonly retry?: RetryPolicy;
  /** Longest time a run may take, in milliseconds. Default: the executor's. */
  readonly timeoutMs?: number;
  /** Most node runs of this type at once in one executor. Default: the executor's limit. */
  readonly maxConcurrency?: number;
  /**
   * Hosts that the node calls with `ctx.http`: `api.example.com`, `*.example.com`, `*` for any public host. With `:8443` for another
   * port than 80 and 443, `:*` for any. Default: none.
   */
  readonly egress?: readonly string[];
  /**
   * Names of the secrets that the handler reads with `ctx.credentials.get`, such as `acme.weather`. A pack may use the one that has the
   * name of its own id; any other the operator grants it. Default: none.
   */
  readonly credentials?: readonly string[];
  /** What one run usually takes, for whoever plans: `cost`, `wall_time_ms`, `external_calls`. */
  readonly budgetHints?: Readonly<Record<string, number>>;
  /** By code, in lower snake case: what the handler throws on purpose. */
  readonly errors?: Readonly<Record<string, DeclaredError>>;
  readonly tags?: readonly string[];
  readonly examples?: readonly NodeExample[];
}

/** What `defineNode` takes. The types of inputs and outputs follow from the schemas. */
export interface NodeDefinition<
  I extends JsonSchema = JsonSchema,
  O extends JsonSchema = JsonSchema,
> extends NodeFacts {
  /** JSON Schema of the inputs; of type object. */
  readonly input: I;
  /** JSON Schema of the outputs; of type object. */
  readonly output: O;
  /** Does the work. Returns the outputs; throws TerminalError or RetryableError to say what went wrong. */
  run(inputs: InferSchema<I>, ctx: NodeContext): Promise<InferSchema<O>> | InferSchema<O>;
}

type WithDefaults = 'sideEffect' | 'trustTier' | 'idempotent';

/** A node with its defaults filled in. */
export type Node = Omit<NodeDefinition, WithDefaults | 'run'> &
  Required<Pick<NodeDefinition, WithDefaults>> & {
    run(inputs: JsonObject, ctx: NodeContext): Promise<JsonObject> | JsonObject;
  };

const NODE_ID = /^[a-z][a-z0-9-]*(\.[a-z0-9_-]+){2,}$/;
const ERROR_CODE = /^[a-z][a-z0-9_]{0,63}$/;
const EGRESS = /^(\*|(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:(\*|\d{1,5}))?$/;
const CREDENTIAL = /^(?=.{1,128}$)[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*$/;
const SIDE_EFFECTS: readonly unknown[] = ['read', 'write', 'irreversible'];

type Rule = readonly [holds: (value: unknown) => boolean, rule: string];

/** What a field must be, when it is there. */
const RULES: Readonly<Record<string, Rule>> = {
  sideEffect: [(value) => SIDE_EFFECTS.includes(value), `must be one of ${SIDE_EFFECTS.join(', ')}`],
  trustTier: [(value) => typeof value === 'string' && value !== '', 'must be the name of a tier, such as third_party'],
  idempotent: [(value) => typeof value === 'boolean', 'must be true or false'],
  retry: [isRetryPolicy, 'must be { maxAttempts, initialDelayMs?, multiplier?, maxDelayMs? } with numbers'],
  timeoutMs: [
    (value) => isCount(value) && (value as number) <= MAX_TIMER_MS,
    `must be a whole number of milliseconds above 0, at most ${MAX_TIMER_MS}`,
  ],
  maxConcurrency: [isCount, 'must be a whole number above 0'],
  egress: [
    (value) => isListOf(value, (host) => typeof host === 'string' && EGRESS.test(host)),
    'must be a list of hosts such as api.example.com, *.example.com or *, in lower case, without scheme or path',
  ],
  credentials: [
    (value) =>
      isListOf(value, (name) => typeof name === 'string' && CREDENTIAL.test(name)) &&
      new Set(value as string[]).size === (value as []).length,
    'must be a list of different names such as acme.weather, in lower case',
  ],
  budgetHints: [
    (value) => isObject(value) && Object.values(value).every((hint) => typeof hint === 'number'),
    'must be numbers by name, such as { cost: 0.01 }',
  ],
  errors: [
    (value) => isObject(value) && Object.entries(value).every(([code, said]) => ERROR_CODE.test(code) && isSaid(said)),
    'must be { description, retryable? } by code in lower snake case',
  ],
  tags: [
    (value) =>
      isListOf(value, (tag) => typeof tag === 'string') && new Set(value as string[]).size === (value as []).length,
    'must be a list of different words',
  ],
  examples: [
    (value) => isListOf(value, isExample),
    'must be a list of { inputs, outputs?, error? }, the first two objects',
  ],
};

/**
 * Defines one node.
 *
 * @example
 * export const double = defineNode({
 *   id: 'acme.math.double',
 *   description: 'Doubles a number.',
 *   input: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'], additionalProperties: false },
 *   output: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'], additionalProperties: false },
 *   examples: [{ inputs: { n: 2 }, outputs: { n: 4 } }],
 *   run: ({ n }) => ({ n: n * 2 }),
 * });
 * @throws TypeError that names the field that is wrong
 */
export function defineNode<const I extends JsonSchema, const O extends JsonSchema>(
  definition: NodeDefinition<I, O>,
): Node {
  if (!isObject(definition)) throw new TypeError('defineNode takes an object: { id, description, input, output, run }');
  const { id } = definition;
  const refuse = (field: string, rule: string): never => {
    throw new TypeError(`node ${typeof id === 'string' ? id : '(without id)'}: ${field} ${rule}`);
  };
  if (typeof id !== 'string' || !NODE_ID.test(id)) refuse('id', 'must be <pack id>.<name>, such as acme.math.double');
  if (typeof definition.description !== 'string' || definition.description.trim() === '') {
    refuse('description', 'must say what the node does');
  }
  for (const field of ['input', 'output'] as const) {
    if (definition[field]?.['type'] !== 'object') refuse(field, 'must be a JSON Schema with type "object"');
  }
  for (const [field, [holds, rule]] of Object.entries(RULES)) {
    const value = definition[field as keyof NodeFacts];
    if (value !== undefined && !holds(value)) refuse(field, rule);
  }
  const undeclared = definition.examples?.find(({ error }) => error !== undefined && !definition.errors?.[error]);
  if (undeclared !== undefined) {
    refuse('examples', `must expect errors that "errors" has: add ${undeclared.error} there`);
  }
  if (typeof definition.run !== 'function') refuse('run', 'must be a function');
  const sideEffect = definition.sideEffect ?? 'read';
  return Object.freeze({
    ...definition,
    run: definition.run.bind(definition) as Node['run'],
    sideEffect,
    trustTier: definition.trustTier ?? 'third_party',
    idempotent: definition.idempotent ?? sideEffect === 'read',
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf(value: unknown, rule: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(rule);
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0;
}

function isRetryPolicy(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { maxAttempts, initialDelayMs = 0, multiplier = 1, maxDelayMs = 0, ...rest } = value as Partial<RetryPolicy>;
  const pauses = [initialDelayMs, maxDelayMs].every((pause) => Number.isInteger(pause) && pause >= 0);
  return isCount(maxAttempts) && pauses && multiplier >= 1 && Object.keys(rest).length === 0;
}

function isSaid(said: unknown): boolean {
  if (!isObject(said)) return false;
  const { description, retryable = false } = said as Partial<DeclaredError>;
  return typeof description === 'string' && description !== '' && typeof retryable === 'boolean';
}

function isExample(example: unknown): boolean {
  if (!isObject(example)) return false;
  const { inputs, outputs = {}, error = '', ...rest } = example as Partial<NodeExample>;
  return isObject(inputs) && isObject(outputs) && typeof error === 'string' && Object.keys(rest).length === 0;
}
