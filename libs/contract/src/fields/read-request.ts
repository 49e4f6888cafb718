import { validateSync } from 'class-validator';
import type { ValidationError } from 'class-validator';
import { ContractViolation } from './contract-violation.js';
import type { Issue } from './contract-violation.js';
import { fieldsOf } from './field-metadata.js';
import type { ContractClass, FieldKind } from './field-metadata.js';
import { itemPath, propertyPath } from './field-path.js';
import { isPlainObject, problemsOf } from './field-problems.js';

/**
 * Reads parsed JSON strictly as a contract class: required fields, types, formats, bounds, namespaced extension keys,
 * and no property that the standard does not name. Optional means absent: null is an error.
 *
 * @returns an instance with the fields in the order of the value; free-form objects (`inputs`, `details`, …) are the value's
 * own, untouched
 * @throws ContractViolation and nothing else, whatever the JSON is
 * @example const request = readRequest(RunStartRequest, JSON.parse(body));
 */
export function readRequest<T extends object>(contractClass: ContractClass<T>, value: unknown): T {
  if (!isPlainObject(value)) {
    throw new ContractViolation(contractClass.name, [{ path: '', message: 'must be a JSON object' }]);
  }
  // Unknown properties must not reach class-validator: it asks `object.constructor` what the class is, and an own
  // property of that name would answer.
  const unknown: Issue[] = [];
  const instance = instantiate(contractClass, value, '', unknown);
  const invalid = validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  });
  if (unknown.length > 0 || invalid.length > 0) {
    const issues = [...unknown, ...invalid.flatMap((error) => issuesOf(error, ''))];
    // What class-validator refuses stays refused even if our declarations could not say why.
    const unexplained = { path: '', message: 'does not conform to the contract' };
    throw new ContractViolation(contractClass.name, issues.length > 0 ? issues : [unexplained]);
  }
  return instance;
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
    if (field === undefined) unknown.push({ path: propertyPath(path, key), message: 'is not a known property' });
    else instance[key] = instantiateKind(field.kind, plain[key], path, key, unknown);
  }
  return instance as T;
}

/**
 * Where objects are expected and something else came, null takes its place: just as wrong, with the same message,
 * whereas class-validator would walk into arrays of arrays until the stack ends, and into objects with a `constructor`
 * of their own.
 */
function instantiateKind(kind: FieldKind, value: unknown, parent: string, key: string, unknown: Issue[]): unknown {
  if (value === undefined) return undefined;
  if (kind.type === 'object') {
    return isPlainObject(value) ? instantiate(kind.of(), value, propertyPath(parent, key), unknown) : null;
  }
  if (kind.type === 'array' && kind.items.type === 'object') {
    if (!Array.isArray(value)) return null;
    const itemClass = kind.items.of();
    const path = propertyPath(parent, key);
    return value.map((item: unknown, index) =>
      isPlainObject(item) ? instantiate(itemClass, item, itemPath(path, index), unknown) : null,
    );
  }
  return value;
}

/** class-validator says where something is wrong; our own declaration of the field says what. */
function issuesOf(error: ValidationError, parent: string): Issue[] {
  const isItem = Array.isArray(error.target);
  const path = isItem ? itemPath(parent, error.property) : propertyPath(parent, error.property);
  const field = error.target === undefined ? undefined : fieldsOf(error.target.constructor).get(error.property);
  const own = field === undefined ? [] : problemsOf(field, error.value, path);
  return [...own, ...(error.children ?? []).flatMap((child) => issuesOf(child, path))];
}
