import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv';
import addFormatsModule from 'ajv-formats';
import type { JsonSchema } from '../json-schema.js';
import type { ManifestNode } from '../manifest.js';
import { handlerError } from './handler-error.js';
import type { HandlerError } from './pack-host.js';
import { reasonOf } from './pack-module.js';

/** What a node takes and gives. */
export interface NodeSchemas {
  readonly input: JsonSchema;
  readonly output: JsonSchema;
}

/** Where and what a schema says against a value. */
export interface SchemaIssue {
  /** Such as `items[0].name`; empty for the value itself. */
  readonly path: string;
  readonly message: string;
}

/** The schemas of nodes, by node id. */
export function schemasOf(nodes: readonly ManifestNode[]): Record<string, NodeSchemas> {
  return Object.fromEntries(nodes.map((node) => [node.id, { input: node.input_schema, output: node.output_schema }]));
}

const ISSUES_AT_MOST = 20;
const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => Ajv2020;

/**
 * A JSON Schema (draft 2020-12, with formats) as a function.
 *
 * @throws Error with the reason
 */
export function compileSchema(schema: JsonSchema): ValidateFunction {
  // ajv's own keyword: such a schema compiles to a function that returns a promise, which is never false.
  if ('$async' in schema) throw new Error('$async is not part of JSON Schema');
  return addFormats(new Ajv2020({ allErrors: true, strict: false, logger: false })).compile(schema);
}

/** Why a value is refused; undefined when it matches. How long this takes is up to the schema and the value. Never throws. */
export function schemaRefusal(
  validate: ValidateFunction,
  value: unknown,
  code: 'invalid_inputs' | 'invalid_outputs',
): HandlerError | undefined {
  const { message } = handlerError(code);
  let issues: SchemaIssue[] | undefined;
  try {
    issues = issuesOf(validate, value);
  } catch (error) {
    // A schema that refers to itself and a value nested too deep: the stack is full.
    return handlerError(code, `${message} They cannot be checked: ${reasonOf(error)}.`);
  }
  if (issues === undefined) return undefined;
  const [first] = issues;
  const said = first === undefined ? '' : ` First: ${first.path === '' ? 'it' : first.path} ${first.message}.`;
  return { ...handlerError(code, `${message}${said}`), details: { issues } };
}

/** What a schema says against a value; undefined when nothing. */
function issuesOf(validate: ValidateFunction, value: unknown): SchemaIssue[] | undefined {
  if (validate(value) === true) return undefined;
  return (validate.errors ?? []).slice(0, ISSUES_AT_MOST).map(({ instancePath, message, params }) => {
    const { additionalProperty } = params as { additionalProperty?: string };
    return {
      path: pathOf(instancePath),
      message: `${message ?? 'is not valid'}${additionalProperty === undefined ? '' : `: "${additionalProperty}"`}`,
    };
  });
}

function pathOf(instancePath: string): string {
  return instancePath
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part.replaceAll('~1', '/').replaceAll('~0', '~')}`))
    .join('')
    .replace(/^\./, '');
}
