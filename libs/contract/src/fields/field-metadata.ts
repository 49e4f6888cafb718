/** A class whose instances are objects of the contract. */
export type ContractClass<T extends object = object> = new () => T;

/** What a field holds. `items` of an array is itself a kind. */
export type FieldKind =
  | { readonly type: 'string'; readonly format?: 'date-time' | 'uri' }
  | { readonly type: 'enum'; readonly values: readonly string[] }
  | { readonly type: 'integer' | 'number'; readonly minimum?: number; readonly maximum?: number }
  | { readonly type: 'boolean' }
  | { readonly type: 'object'; readonly of: () => ContractClass }
  | { readonly type: 'json' }
  | { readonly type: 'string_map' }
  | { readonly type: 'extensions' }
  | { readonly type: 'array'; readonly items: FieldKind; readonly minItems?: number };

/** One declared field of a contract class. */
export interface Field {
  readonly name: string;
  readonly optional: boolean;
  readonly kind: FieldKind;
}

const fieldsByClass = new Map<object, Map<string, Field>>();
const NO_FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>();

/**
 * Registers a field. A second decorator on one property is a mistake of the author and throws when the file is loaded.
 */
export function declareField(contractClass: ContractClass, field: Field): void {
  const fields = fieldsByClass.get(contractClass) ?? new Map<string, Field>();
  if (fields.has(field.name)) throw new Error(`${contractClass.name}.${field.name} has more than one field decorator`);
  fields.set(field.name, field);
  fieldsByClass.set(contractClass, fields);
}

/** The declared fields of a contract class by name, in the order of declaration; empty for any other class. */
export function fieldsOf(contractClass: object): ReadonlyMap<string, Field> {
  return fieldsByClass.get(contractClass) ?? NO_FIELDS;
}

/** Every contract class that has been loaded. */
export function contractClasses(): ContractClass[] {
  return [...fieldsByClass.keys()] as ContractClass[];
}
