import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy, ValidateIf, ValidateNested } from 'class-validator';
import { declareField } from './field-metadata.js';
import type { ContractClass, Field, FieldKind } from './field-metadata.js';
import { NAMESPACED_KEY_PATTERN, problemsOf } from './field-problems.js';

/** What every field may say. Absent is the only way to leave an optional field out: null is an error. */
export interface FieldOptions {
  /** Default false: the field is required. */
  readonly optional?: boolean;
  /**
   * Shown in the OpenAPI document where the name is not enough. Not for nested objects: OpenAPI 3.0 has no place for
   * it.
   */
  readonly description?: string;
}

interface Bounds {
  readonly minimum?: number;
  readonly maximum?: number;
}

/**
 * One decorator per field declares it three times over: to our reader (metadata), to class-validator and to OpenAPI.
 *
 * @example @StringField({ format: 'date-time', optional: true }) started_at?: string;
 */
export function StringField(options: FieldOptions & { readonly format?: 'date-time' | 'uri' } = {}): PropertyDecorator {
  return declare({ type: 'string', ...(options.format === undefined ? {} : { format: options.format }) }, options);
}

export function EnumField(values: readonly string[], options: FieldOptions = {}): PropertyDecorator {
  return declare({ type: 'enum', values }, options);
}

export function IntegerField(options: FieldOptions & Bounds = {}): PropertyDecorator {
  return declare({ type: 'integer', ...boundsOf(options) }, options);
}

export function NumberField(options: FieldOptions & Bounds = {}): PropertyDecorator {
  return declare({ type: 'number', ...boundsOf(options) }, options);
}

export function BooleanField(options: FieldOptions = {}): PropertyDecorator {
  return declare({ type: 'boolean' }, options);
}

/** A nested contract object. The class is given as a function, so that files may refer to each other. */
export function ObjectField(of: () => ContractClass, options: FieldOptions = {}): PropertyDecorator {
  return declare({ type: 'object', of }, options);
}

/** Any JSON object; its content is nobody's business here and stays untouched. */
export function JsonObjectField(options: FieldOptions = {}): PropertyDecorator {
  return declare({ type: 'json' }, options);
}

export function StringMapField(options: FieldOptions = {}): PropertyDecorator {
  return declare({ type: 'string_map' }, options);
}

/** The `extensions` of `common/extensions.schema.json`: always optional, keys namespaced. */
export function ExtensionsField(): PropertyDecorator {
  return declare({ type: 'extensions' }, { optional: true });
}

export function StringArrayField(options: FieldOptions & { readonly minItems?: number } = {}): PropertyDecorator {
  return declare({ type: 'array', items: { type: 'string' }, ...minItemsOf(options) }, options);
}

/** Bounds hold for each item. */
export function IntegerArrayField(
  options: FieldOptions & Bounds & { readonly minItems?: number } = {},
): PropertyDecorator {
  return declare({ type: 'array', items: { type: 'integer', ...boundsOf(options) }, ...minItemsOf(options) }, options);
}

export function EnumArrayField(
  values: readonly string[],
  options: FieldOptions & { readonly minItems?: number } = {},
): PropertyDecorator {
  return declare({ type: 'array', items: { type: 'enum', values }, ...minItemsOf(options) }, options);
}

export function ObjectArrayField(
  of: () => ContractClass,
  options: FieldOptions & { readonly minItems?: number } = {},
): PropertyDecorator {
  return declare({ type: 'array', items: { type: 'object', of }, ...minItemsOf(options) }, options);
}

function declare(kind: FieldKind, options: FieldOptions): PropertyDecorator {
  return (prototype: object, property: string | symbol) => {
    const field: Field = { name: String(property), optional: options.optional === true, kind };
    declareField(prototype.constructor as ContractClass, field);
    for (const decorate of validatorsOf(field)) decorate(prototype, property);
    ApiProperty({
      ...openApiOf(kind),
      required: !field.optional,
      ...(options.description === undefined ? {} : { description: options.description }),
    })(prototype, property);
  };
}

function validatorsOf(field: Field): PropertyDecorator[] {
  const own = ValidateBy({
    name: 'contractField',
    validator: {
      validate: (value: unknown) => problemsOf(field, value).length === 0,
      defaultMessage: () => '$property does not conform to the contract',
    },
  });
  const validators = field.optional ? [own, ValidateIf((_: object, value: unknown) => value !== undefined)] : [own];
  const isNested = field.kind.type === 'object' || (field.kind.type === 'array' && field.kind.items.type === 'object');
  return isNested ? [...validators, ValidateNested()] : validators;
}

function openApiOf(kind: FieldKind): object {
  switch (kind.type) {
    case 'enum':
      return { type: 'string', enum: [...kind.values] };
    case 'object':
      return lazily(kind.of);
    case 'json':
      return { type: 'object', additionalProperties: true };
    case 'string_map':
      return { type: 'object', additionalProperties: { type: 'string' } };
    case 'extensions':
      // OpenAPI 3.0 has no patternProperties; the document carries the pattern as JSON Schema writes it, as the
      // standard's does.
      return {
        type: 'object',
        additionalProperties: false,
        patternProperties: { [NAMESPACED_KEY_PATTERN]: {} },
      };
    case 'array': {
      const minItems = minItemsOf(kind);
      if (kind.items.type === 'object') return { ...lazily(kind.items.of), isArray: true, ...minItems };
      return { type: 'array', items: openApiOf(kind.items), ...minItems };
    }
    default:
      return kind;
  }
}

/**
 * @nestjs/swagger takes a function for a promise of a class, and not for the class itself, only if its name is `type`.
 */
function lazily(of: () => ContractClass): { type: () => ContractClass } {
  return { type: () => of() };
}

function boundsOf({ minimum, maximum }: Bounds): Bounds {
  return { ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) };
}

function minItemsOf({ minItems }: { readonly minItems?: number }): { minItems?: number } {
  return minItems === undefined ? {} : { minItems };
}
