import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import ajvFormats from 'ajv-formats';

/** The JSON Schema keywords that the standard uses. */
export interface JsonSchema {
  $ref?: string;
  title?: string;
  description?: string;
  type?: string;
  format?: string;
  enum?: string[];
  minimum?: number;
  maximum?: number;
  minItems?: number;
  items?: JsonSchema;
  required?: string[];
  properties?: Record<string, JsonSchema>;
  patternProperties?: Record<string, JsonSchema>;
  additionalProperties?: boolean | JsonSchema;
}

export interface Vector {
  /** Path below `json_vectors*` without `.json`; also the schema's path below `schemas`. */
  readonly name: string;
  readonly value: unknown;
}

/** Beside the repository, never in it. */
const WHERE = '../shared/arp-spec/v1';
const STANDARD = new URL(`../../${WHERE}/`, import.meta.url);
const SCHEMA_SUFFIX = '.schema.json';

/** `describe` when the standard is there; otherwise the suite is skipped, and says so. */
export function describeWithStandard(title: string, body: () => void): void {
  if (existsSync(STANDARD)) {
    describe(title, body);
    return;
  }
  console.warn(`${title}: skipped, as there is no ARP Standard at ${WHERE} (from the root of the repository)`);
  describe.skip(title, () => {
    it(`needs the ARP Standard at ${WHERE}`, () => undefined);
  });
}

/** Every schema as its path below `schemas` without the suffix: `core/run`. */
export function schemaNames(): string[] {
  return filesBelow('schemas/', SCHEMA_SUFFIX);
}

export function vectors(folder: 'json_vectors' | 'json_vectors_invalid'): Vector[] {
  const root = `conformance/${folder}/`;
  return filesBelow(root, '.json').map((name) => ({ name, value: readJson(`${root}${name}.json`) }));
}

/** A schema with every `$ref` replaced by what it points at. */
export function resolvedSchema(name: string): JsonSchema {
  return resolve(readJson(`schemas/${name}${SCHEMA_SUFFIX}`), new URL(`standard:///${name}${SCHEMA_SUFFIX}`));
}

/** ajv with all schemas of the standard as they are, by name. */
export function standardValidators(): Map<string, ValidateFunction> {
  const ajv = new Ajv({ allErrors: true });
  ajvFormats.default(ajv);
  for (const name of schemaNames()) {
    ajv.addSchema(readJson(`schemas/${name}${SCHEMA_SUFFIX}`) as JsonSchema, `standard:///${name}${SCHEMA_SUFFIX}`);
  }
  return new Map(
    schemaNames().map((name) => {
      const validate = ajv.getSchema(`standard:///${name}${SCHEMA_SUFFIX}`);
      if (validate === undefined) throw new Error(`ajv has no schema ${name}`);
      return [name, validate];
    }),
  );
}

function resolve(node: unknown, base: URL): JsonSchema {
  if (typeof node !== 'object' || node === null) return node as JsonSchema;
  if (Array.isArray(node)) return node.map((item) => resolve(item, base)) as JsonSchema;
  const reference = (node as JsonSchema).$ref;
  if (reference !== undefined) {
    const target = new URL(reference, base);
    return resolve(readJson(`schemas${target.pathname}`), target);
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolve(value, base)]));
}

function filesBelow(folder: string, suffix: string): string[] {
  return readdirSync(fileURLToPath(new URL(folder, STANDARD)), { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith(suffix))
    .map((path) => path.slice(0, -suffix.length))
    .sort();
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, STANDARD), 'utf8'));
}
