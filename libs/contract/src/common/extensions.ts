/**
 * What an organisation adds beyond the standard, by namespaced key: `<reverse DNS name or organisation>.<key>`.
 * (`common/extensions.schema.json`)
 */
export type Extensions = Record<string, unknown>;
