import type { NodeExample } from '../define-node.js';
import type { ManifestNode, NodePackManifest } from '../manifest.js';
import { fieldsOf } from './schema-fields.js';

/** The page about the nodes of a package, as Markdown; always the same for the same manifests. */
export function nodesPage(packageName: string, manifests: readonly NodePackManifest[]): string {
  const parts = [
    `# Nodes of ${packageName}`,
    'Written by `jarvis-node-pack docs` from the manifest; not to be edited.',
    ...manifests.flatMap(packParts),
  ];
  return `${parts.join('\n\n')}\n`;
}

function packParts({ id, version, permissions = [], memory_mb, nodes }: NodePackManifest): string[] {
  const needs = [
    ...permissions.map((permission) => `the permission \`${permission}\``),
    ...(memory_mb === undefined ? [] : [`${memory_mb} MiB of memory`]),
  ];
  return [
    `## ${id} ${version}`,
    ...(needs.length === 0 ? [] : [`Needs ${needs.join(', ')}.`]),
    ...nodes.flatMap(nodeParts),
  ];
}

function nodeParts(node: ManifestNode): string[] {
  const { errors = {}, examples = [] } = node;
  const codes = Object.entries(errors).map(([code, { description, retryable = false }]) => [
    `\`${code}\``,
    description,
    retryable ? 'yes' : 'no',
  ]);
  return [
    `### ${node.id}`,
    node.description,
    factsOf(node)
      .map(([name, value]) => `- ${name}: ${value}`)
      .join('\n'),
    '**Inputs**',
    fieldsTable(node.input_schema),
    '**Outputs**',
    fieldsTable(node.output_schema),
    ...(codes.length === 0 ? [] : ['**Errors**', table(['code', 'meaning', 'may be retried'], codes)]),
    ...examples.flatMap(exampleParts),
  ];
}

function factsOf(node: ManifestNode): [string, string][] {
  const { retry, timeout_ms, max_concurrency, egress, credentials = [], budget_hints = {}, tags } = node;
  const hints = Object.entries(budget_hints).map(([name, value]) => `${name} ${value}`);
  const facts: [string, string | undefined][] = [
    ['side effect', node.side_effect],
    ['idempotent', node.idempotent ? 'yes' : 'no'],
    ['trust tier', node.trust_tier],
    ['calls', egress === undefined ? 'nothing outside' : listOf(egress)],
    ['credentials', credentials.length === 0 ? undefined : listOf(credentials)],
    ['timeout', timeout_ms === undefined ? undefined : `${timeout_ms} ms`],
    ['attempts', retry === undefined ? undefined : `${retry.max_attempts}`],
    ['at once', max_concurrency === undefined ? undefined : `${max_concurrency}`],
    ['usually takes', hints.length === 0 ? undefined : hints.join(', ')],
    ['tags', tags === undefined ? undefined : listOf(tags)],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== '');
}

function listOf(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ');
}

function fieldsTable(schema: ManifestNode['input_schema']): string {
  const fields = fieldsOf(schema);
  if (fields.length === 0) return 'Any JSON object.';
  return table(
    ['field', 'type', 'required', 'description'],
    fields.map(({ path, type, required, description }) => [`\`${path}\``, type, required ? 'yes' : 'no', description]),
  );
}

function exampleParts({ inputs, outputs, error }: NodeExample): string[] {
  const result =
    error === undefined ? (outputs === undefined ? [] : ['gives', json(outputs)]) : [`fails with \`${error}\``];
  return ['**Example**', json(inputs), ...result];
}

function json(value: unknown): string {
  return `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Pipes end a cell and line breaks a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
}
