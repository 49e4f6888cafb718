import type { JsonSchema } from '../json-schema.js';

/** A field of a JSON object as a schema describes it. */
export interface SchemaField {
  /** Such as `items[].name`. */
  readonly path: string;
  /** For people, such as `string (email)`. */
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
}

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly items?: unknown;
  readonly description?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly anyOf?: readonly unknown[];
  readonly oneOf?: readonly unknown[];
  readonly [keyword: string]: unknown;
}

const DEEP_ENOUGH = 5;
const LIMITS: Readonly<Record<string, string>> = {
  minimum: '≥',
  exclusiveMinimum: '>',
  maximum: '≤',
  exclusiveMaximum: '<',
  minLength: 'length ≥',
  maxLength: 'length ≤',
  minItems: 'items ≥',
  maxItems: 'items ≤',
  pattern: 'matches',
};

/** The fields of the objects that a schema accepts, those inside objects and lists after the one they belong to. */
export function fieldsOf(schema: JsonSchema): SchemaField[] {
  return fieldsBelow(schema, '', DEEP_ENOUGH);
}

function fieldsBelow(schema: Schema, above: string, depth: number): SchemaField[] {
  if (depth === 0) return [];
  return Object.entries(schema.properties ?? {}).flatMap(([name, value]) => {
    const path = above === '' ? name : `${above}.${name}`;
    const field = asSchema(value);
    return [
      {
        path,
        type: typeOf(field),
        required: schema.required?.includes(name) === true,
        description: [field.description, ...notesOf(field)].filter(Boolean).join(' '),
      },
      ...fieldsBelow(field, path, depth - 1),
      ...fieldsBelow(asSchema(field.items), `${path}[]`, depth - 1),
    ];
  });
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(' or ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (schema.type === undefined && choices !== undefined) {
    return choices.map((choice) => typeOf(asSchema(choice))).join(' or ');
  }
  const types = schema.type === undefined ? ['any'] : [schema.type].flat();
  const named = types
    .map((type) => (type === 'array' ? `list of ${typeOf(asSchema(schema.items))}` : type))
    .join(' or ');
  return schema.format === undefined ? named : `${named} (${schema.format})`;
}

function notesOf(schema: Schema): string[] {
  const limits = Object.entries(LIMITS)
    .filter(([keyword]) => schema[keyword] !== undefined)
    .map(
      ([keyword, sign]) =>
        `${sign} ${typeof schema[keyword] === 'string' ? `\`${schema[keyword]}\`` : code(schema[keyword])}`,
    );
  return [
    ...(limits.length === 0 ? [] : [`(${limits.join(', ')})`]),
    ...(schema.default === undefined ? [] : [`Default ${code(schema.default)}.`]),
  ];
}

/** `true`, `false` and what is no schema at all say nothing about fields. */
function asSchema(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? (value as Schema) : {};
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}
