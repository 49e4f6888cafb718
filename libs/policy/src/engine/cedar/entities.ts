import type { CedarValueJson, EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import { isList, lookUp } from '../context.js';
import { instantOf } from '../instant.js';
import type { JsonObject, JsonValue, PolicyQuery } from '../policy-engine.js';

/** What Cedar is asked, made of a query; docs/policy.md describes it for those who write policies. */
export interface CedarRequest {
  readonly principal: TypeAndId;
  readonly action: TypeAndId;
  readonly resource: TypeAndId;
  readonly context: Record<string, CedarValueJson>;
  readonly entities: EntityJson[];
}

/** Thrown for a value that Cedar has no type for; the decision is then a denial. */
export class UnrepresentableError extends Error {
  override readonly name = 'UnrepresentableError';
}

/**
 * - principal: `Principal::"<subject>"` with the attributes of `principal`, in `Role::"<role>"` for each role and in `Tenant::"<id>"`
 * - action: `Action::"run.start"`
 * - resource: `NodeType::"acme.mail.send"` of `node_type:acme.mail.send`, `Run::"…"` of `run:…`; with the attributes of `node_type` or `run`
 *   when the resource is the one in the context
 * - context: the whole context
 */
export function cedarRequest({ action, resource, context }: PolicyQuery): CedarRequest {
  const record = recordOf(context, '');
  const principal = { type: 'Principal', id: textAt(context, 'principal.subject') ?? '' };
  const parents = [
    ...rolesOf(context).map((id) => ({ type: 'Role', id })),
    ...[textAt(context, 'principal.tenant_id')].flatMap((id) => (id === undefined ? [] : [{ type: 'Tenant', id }])),
  ];
  const target = resourceOf(resource);
  const kind = resource.split(':', 1)[0] ?? '';
  const isOwn = textAt(context, `${kind}.id`) === target.id;
  const entities = [
    { uid: principal, attrs: attributesOf(record.principal), parents },
    { uid: target, attrs: isOwn ? attributesOf(record[kind]) : {}, parents: [] },
  ];
  return { principal, action: { type: 'Action', id: action }, resource: target, context: record, entities };
}

/** `node_type:x` is `NodeType::"x"`; what has no kind before a colon is `Resource::"…"`. */
function resourceOf(resource: string): TypeAndId {
  const [, kind, id] = /^([a-z][a-z0-9]*(?:_[a-z0-9]+)*):(.*)$/s.exec(resource) ?? [];
  if (kind === undefined || id === undefined) return { type: 'Resource', id: resource };
  return { type: kind.replace(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()), id };
}

function rolesOf(context: JsonObject): string[] {
  const roles = lookUp(context, ['principal', 'roles']);
  return isList(roles) ? roles.filter((role) => typeof role === 'string') : [];
}

function textAt(context: JsonObject, key: string): string | undefined {
  const value = lookUp(context, key.split('.'));
  return typeof value === 'string' ? value : undefined;
}

function attributesOf(value: CedarValueJson | undefined): Record<string, CedarValueJson> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExtension(value)
    ? (value as Record<string, CedarValueJson>)
    : {};
}

function isExtension(value: object): boolean {
  return Object.hasOwn(value, '__extn');
}

/** Absent and null members are left out: Cedar has no null, `has` asks whether a member is there. */
function recordOf(object: JsonObject, path: string): Record<string, CedarValueJson> {
  const record: [string, CedarValueJson][] = [];
  for (const [name, value] of Object.entries(object)) {
    const key = path === '' ? name : `${path}.${name}`;
    // Cedar reads objects with these members as entities and extension values.
    if (/^__(entity|extn|expr)$/.test(name)) {
      throw new UnrepresentableError(`${key} has a name that Cedar keeps for itself`);
    }
    if (value !== undefined && value !== null) record.push([name, valueOf(value, key)]);
  }
  return Object.fromEntries(record);
}

function valueOf(value: JsonValue, key: string): CedarValueJson {
  if (isList(value)) return value.filter((item) => item !== null).map((item) => valueOf(item, key));
  if (typeof value === 'object' && value !== null) return recordOf(value, key);
  if (typeof value === 'number') return numberOf(value, key);
  if (typeof value === 'string') return textOf(value, key);
  return value;
}

/** Whole numbers are longs; others `decimal`, which has four digits after the point. */
function numberOf(value: number, key: string): CedarValueJson {
  if (Number.isSafeInteger(value)) return value;
  const digits = value.toFixed(4);
  if (Number(digits) === value && Math.abs(value) < 922_337_203_685_477) {
    return { __extn: { fn: 'decimal', arg: digits } };
  }
  throw new UnrepresentableError(`${key} is a number that Cedar cannot hold`);
}

/** `time.now` is a datetime and `environment.source_ip` an ipaddr, so that policies can compute with them. */
function textOf(value: string, key: string): CedarValueJson {
  if (key === 'environment.source_ip') return { __extn: { fn: 'ip', arg: value } };
  if (key !== 'time.now') return value;
  const instant = instantOf(value);
  if (instant === undefined) throw new UnrepresentableError(`${key} is not an ISO 8601 date-time`);
  return { __extn: { fn: 'datetime', arg: new Date(instant).toISOString() } };
}
