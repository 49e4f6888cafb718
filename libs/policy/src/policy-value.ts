import type { JsonValue } from './engine/policy-engine.js';

/** What JSON can say of a value; undefined when it can say nothing. Members that are undefined are left out. */
export function policyValue(value: unknown): JsonValue | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (Array.isArray(value)) return value.map((item) => policyValue(item) ?? null);
  if (typeof value !== 'object') return undefined;
  const members = Object.entries(value).map(([name, member]) => [name, policyValue(member)] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}
