import { validateSync } from 'class-validator';
import type { ValidationError } from 'class-validator';
import { fieldsOf } from './field-metadata.js';
import type { ContractClass, Field, FieldKind } from './field-metadata.js';
import { isNamespaced, isPlainObject, joinPath, problemsOf } from './field-problems.js';
import type { Issue } from './field-problems.js';

const MAX_ISSUES = 50;

/** A value that does not conform to a contract class. `issues` has every problem (at most 50), sorted by path. */
export class ContractViolation extends Error {
  override readonly name = 'ContractViolation';
  readonly issues: readonly Issue[];

  constructor(contractClass: ContractClass, issues: readonly Issue[]) {
    super(`not a valid ${contractClass.name}: ${issues.map(({ path, message }) => `${path} ${message}`).join('; ')}`);
    this.issues = [...issues].sort((a, b) => (a.path < b.path ? -1 : 1)).slice(0, MAX_ISSUES);
  }
}

/**
 * Reads parsed JSON strictly as a contract class: required fields, types, formats, bounds, namespaced extension keys, and no
 * property that the standard does not name.
 *
 * @returns an instance; free-form objects (`inputs`, `details`, …) are the caller's own, untouched
 * @throws ContractViolation and nothing else, whatever the value is
 */
export function readRequest<T extends object>(contractClass: ContractClass<T>, value: unknown): T {
  if (!isPlainObject(value)) {
    throw new ContractViolation(contractClass, [
      { path: '', message: value === undefined ? 'needs a JSON body' : 'must be a JSON object' },
    ]);
  }
  // Unknown properties are found here and not by class-validator's whitelist, which asks `object.constructor` what the class
  // is and so can be misled by a property of that name.
  const unknown: Issue[] = [];
  const instance = instantiate(contractClass, value, '', unknown);
  const invalid = validateSync(instance, {
    skipMissingProperties: false,
    forbidUnknownValues: true,
    validationError: { target: true },
  });
  const issues = [...unknown, ...invalid.flatMap((error) => issuesOf(error, ''))];
  if (issues.length > 0) throw new ContractViolation(contractClass, issues);
  return instance;
}

/**
 * Reads what a peer sent, leniently, since peers may be other implementations: a null stands for an absent optional field,
 * properties that the standard does not name are dropped, and an extension key without a namespace gets `jarvis.`, whose bare
 * keys those are.
 *
 * @throws ContractViolation when it is still not what the class says
 */
export function fromPeer<T extends object>(contractClass: ContractClass<T>, value: unknown): T {
  return readRequest(contractClass, isPlainObject(value) ? repair(contractClass, value) : value);
}

function instantiate<T extends object>(
  contractClass: ContractClass<T>,
  plain: Record<string, unknown>,
  path: string,
  unknown: Issue[],
): T {
  const fields = fieldsOf(contractClass);
  const instance = Object.create(contractClass.prototype as object) as Record<string, unknown>;
  for (const key of Object.keys(plain)) {
    const field = fields.get(key);
    if (field === undefined) unknown.push({ path: joinPath(path, key), message: 'is not a known property' });
    else instance[key] = instantiateKind(field.kind, plain[key], joinPath(path, key), unknown);
  }
  return instance as T;
}

function instantiateKind(kind: FieldKind, value: unknown, path: string, unknown: Issue[]): unknown {
  if (kind.type === 'object' && isPlainObject(value)) return instantiate(kind.of(), value, path, unknown);
  if (kind.type === 'array' && Array.isArray(value)) {
    return value.map((item: unknown, index) =>
      instantiateKind(kind.items, item, joinPath(path, `[${index}]`), unknown),
    );
  }
  return value;
}

function issuesOf(error: ValidationError, parent: string): Issue[] {
  const path = joinPath(parent, /^\d+$/.test(error.property) ? `[${error.property}]` : error.property);
  const contractClass = (error.target as object | undefined)?.constructor;
  const field: Field | undefined =
    contractClass === undefined ? undefined : fieldsOf(contractClass).get(error.property);
  if (field !== undefined && error.constraints !== undefined) {
    const own = problemsOf(field, error.value).map((issue) => ({
      path: joinPath(path, issue.path),
      message: issue.message,
    }));
    if (own.length > 0) return own;
  }
  return (error.children ?? []).flatMap((child) => issuesOf(child, path));
}

function repair(contractClass: ContractClass, plain: Record<string, unknown>): Record<string, unknown> {
  const fields = fieldsOf(contractClass);
  const repaired: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(plain)) {
    const field = fields.get(key);
    if (field === undefined || (value === null && field.optional)) continue;
    repaired[key] = repairKind(field.kind, value);
  }
  return repaired;
}

function repairKind(kind: FieldKind, value: unknown): unknown {
  if (kind.type === 'object' && isPlainObject(value)) return repair(kind.of(), value);
  if (kind.type === 'array' && Array.isArray(value)) return value.map((item: unknown) => repairKind(kind.items, item));
  if (kind.type === 'extensions' && isPlainObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        isNamespaced(key) ? key : `jarvis.${key.replace(/[^A-Za-z0-9_.-]/g, '_')}`,
        item,
      ]),
    );
  }
  return value;
}
