import { below, typeOf } from './json-tree.js';
import type { JsonNode, Member, Problems } from './json-tree.js';
import { didYouMean } from './policy-problem.js';

/** A text, or a list of at least one; what is not a text, or empty, is reported and left out. */
export function readTexts(value: JsonNode, path: string, problems: Problems): JsonNode[] {
  const items = value.type === 'array' ? (value.children ?? []) : [value];
  if (items.length === 0) problems.error(value, path, 'The list is empty: name at least one.');
  return items.filter((item) => {
    const isText = item.type === 'string' && item.value !== '';
    if (!isText) {
      const given = item.type === 'string' ? 'an empty one' : typeOf(item);
      problems.error(item, path, `It must be a text or a list of texts, not ${given}.`);
    }
    return isText;
  });
}

/** Reports a key that is not known, with what is. */
export function refuseUnknown(
  members: readonly Member[],
  known: readonly string[],
  path: string,
  problems: Problems,
): void {
  for (const { name, at } of members.filter((member) => !known.includes(member.name))) {
    const hint =
      name === 'Principal' || name === 'NotPrincipal'
        ? ' Who asks is a condition, e.g. {"StringEquals": {"principal.subject": "…"}}.'
        : didYouMean(name, known);
    problems.error(at, below(path, name), `Unknown key "${name}". Known are ${known.join(', ')}.${hint}`);
  }
}

/** A text that is not empty, when there is one; anything else is reported. */
export function readText(node: JsonNode | undefined, path: string, problems: Problems): string | undefined {
  if (node === undefined) return undefined;
  if (node.type === 'string' && node.value !== '') return String(node.value);
  problems.error(
    node,
    path,
    `It must be a text${node.type === 'string' ? ' that is not empty' : `, not ${typeOf(node)}`}.`,
  );
  return undefined;
}
