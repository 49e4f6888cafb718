import type { FromSchema, JSONSchema } from 'json-schema-to-ts';

/** A JSON Schema (draft 2020-12) as an object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A JSON object: what goes into a node and what comes out. */
export type JsonObject = Record<string, unknown>;

/**
 * The TypeScript type of what a JSON Schema accepts; `JsonObject` for a schema whose content the compiler does not know.
 *
 * @example type Inputs = InferSchema<{ type: 'object'; properties: { n: { type: 'number' } }; required: ['n'] }>; // { n: number }
 */
export type InferSchema<S> = string extends keyof S ? JsonObject : S extends JSONSchema ? FromSchema<S> : JsonObject;
