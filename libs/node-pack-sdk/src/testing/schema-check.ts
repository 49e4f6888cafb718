import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';
import type { JsonSchema } from '../json-schema.js';
import { reasonOf } from '../runtime/pack-module.js';
import { compileSchema } from '../runtime/schema-check.js';
import type { NodePackProblem } from './report.js';

const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => Ajv2020;
const UNKNOWN_KEYWORD = /unknown keyword: "(.+)"/;

/** What is wrong with a schema itself: it does not compile, or has words that mean nothing to a validator. */
export function schemaProblems(
  nodeId: string,
  field: 'input' | 'output',
  schema: JsonSchema,
): Omit<NodePackProblem, 'example'>[] {
  try {
    compileSchema(schema);
  } catch (error) {
    const message = `its ${field} schema is not one that can be used: ${reasonOf(error)}. The executor would refuse the pack.`;
    return [{ check: 'schema', nodeId, message }];
  }
  return oddities(schema).map((oddity) => {
    const keyword = UNKNOWN_KEYWORD.exec(oddity)?.[1];
    const message =
      keyword === undefined
        ? `its ${field} schema: ${oddity}; the executor ignores that.`
        : `its ${field} schema has the keyword "${keyword}", which JSON Schema does not know; correct it, or start it with "x-" when it is meant as a note.`;
    return { check: 'schema_keyword', nodeId, message };
  });
}

/** What ajv says about a schema when it is strict about its words. */
function oddities(schema: JsonSchema): string[] {
  const said = new Set<string>();
  const hear = (message: unknown) => {
    const text = String(message).replace(/^strict mode: /, '');
    if (!UNKNOWN_KEYWORD.exec(text)?.[1]?.startsWith('x-')) said.add(text);
  };
  const ajv = addFormats(
    new Ajv2020({
      allErrors: true,
      strictSchema: 'log',
      strictTypes: false,
      strictTuples: false,
      strictRequired: false,
      logger: { log: hear, warn: hear, error: hear },
    }),
  );
  try {
    ajv.compile(schema);
  } catch (error) {
    // An unknown format; only here is it an error.
    said.add(reasonOf(error));
  }
  return [...said];
}
