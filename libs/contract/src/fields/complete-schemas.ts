import { contractClasses } from './field-metadata.js';

interface SchemaDocument {
  components?: { schemas?: Record<string, object> };
}

/**
 * Closes the schemas of contract classes in an OpenAPI document, in place: the standard allows no further properties,
 * which the generator cannot know.
 *
 * @returns the document itself
 * @example completeSchemas(SwaggerModule.createDocument(app, config));
 */
export function completeSchemas<D extends SchemaDocument>(document: D): D {
  const ours = new Set(contractClasses().map(({ name }) => name));
  for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
    if (ours.has(name)) Object.assign(schema, { additionalProperties: false });
  }
  return document;
}
