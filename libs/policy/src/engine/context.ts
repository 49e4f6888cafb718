import type { JsonObject, JsonValue } from './policy-engine.js';

/** Keys that a context may have; a name that ends in `.*` stands for all below it. docs/policy.md says what each holds. */
export const CONTEXT_KEYS = [
  'principal.subject',
  'principal.tenant_id',
  'principal.roles',
  'principal.client_id',
  'principal.type',
  'principal.issuer',
  'principal.actors',
  'run.id',
  'run.root_node_type_id',
  'node_run.id',
  'node_type.id',
  'node_type.version',
  'node_type.kind',
  'node_type.side_effect',
  'node_type.trust_tier',
  'node_type.egress',
  'node_type.tags',
  'environment.service',
  'time.now',
  'time.hour',
  'time.weekday',
  'constraints.*',
  'node_type.jarvis.*',
] as const;

const WHOLE = new Set<string>(CONTEXT_KEYS);
const OPEN = CONTEXT_KEYS.filter((key) => key.endsWith('.*')).map((key) => key.slice(0, -1));

/** Whether a key is one that the services put into a context. */
export function isKnownKey(key: string): boolean {
  return WHOLE.has(key) || OPEN.some((prefix) => key.startsWith(prefix) && key.length > prefix.length);
}

/** Looks a dotted key up, own properties only. `null` counts as absent, and so does what is below a list. */
export function lookUp(context: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = context;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || isList(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value ?? undefined;
}

/** `Array.isArray` for lists that are read only. */
export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
