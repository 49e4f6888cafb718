import { compileCondition, compileValue, operatorTakes, OPERATOR_NAMES, readOperator } from './condition.js';
import type { Condition, OperatorName } from './condition.js';
import { CONTEXT_KEYS, isKnownKey } from './context.js';
import { below, membersOf, typeOf } from './json-tree.js';
import type { JsonNode, Member, Problems } from './json-tree.js';
import type { JsonValue, PolicyOutcome } from './policy-engine.js';
import { didYouMean } from './policy-problem.js';

interface StatementFacts {
  readonly effect: PolicyOutcome | undefined;
  /** IANA name. */
  readonly zone: string;
}

/** Reads `Condition`: operator -> key -> value or values. What is wrong is reported. */
export function compileConditions(
  node: JsonNode | undefined,
  path: string,
  facts: StatementFacts,
  problems: Problems,
): Condition[] {
  if (node === undefined) return [];
  if (node.type !== 'object') {
    problems.error(
      node,
      path,
      `It must be an object of operators, such as {"StringEquals": {…}}, not ${typeOf(node)}.`,
    );
    return [];
  }
  const conditions = membersOf(node, path, problems).flatMap(({ name, at, value }) => {
    const operator = readOperator(name);
    if (operator !== undefined) return readKeys(operator, name, value, below(path, name), facts, problems);
    problems.error(at, below(path, name), unknownOperator(name));
    return [];
  });
  if (facts.effect === 'allow') warnOfEmptyLists(node, conditions, path, problems);
  return conditions;
}

function unknownOperator(name: string): string {
  const [, prefix = '', rest = name] = /^(ForAnyValue:|ForAllValues:)?(.*)$/s.exec(name) ?? [];
  if (readOperator(rest) !== undefined) return `"${rest}" looks at the key and not at its values, so it has no prefix.`;
  if (/^(Null|Exists)IfExists$/.test(rest)) return `"${rest}" would always hold.`;
  const hint = didYouMean(rest.replace(/IfExists$/, ''), OPERATOR_NAMES).replace(/"(.*)"/, `"${prefix}$1"`);
  return `Unknown operator "${name}". Known are ${OPERATOR_NAMES.join(', ')}; ForAnyValue: or ForAllValues: may stand before them, and IfExists after.${hint}`;
}

function readKeys(
  operator: OperatorName,
  written: string,
  node: JsonNode,
  path: string,
  { zone }: StatementFacts,
  problems: Problems,
): Condition[] {
  const members = node.type === 'object' ? membersOf(node, path, problems) : [];
  if (members.length === 0) {
    const given = node.type === 'object' ? 'an empty one' : typeOf(node);
    problems.error(node, path, `It must be an object of keys, such as {"principal.tenant_id": "acme"}, not ${given}.`);
  }
  return members.map(({ name, at, value }) => {
    checkKey(name, at, below(path, name), problems);
    const values = readValues(operator, value, below(path, name), zone, problems);
    return compileCondition(
      operator,
      written,
      name,
      values.map(({ expected }) => expected),
      values.map(({ compare }) => compare),
    );
  });
}

function checkKey(name: string, at: Member['at'], path: string, problems: Problems): void {
  if (name.split('.').some((part) => part === '')) {
    problems.error(at, path, `"${name}" is not a dotted key, such as principal.tenant_id.`);
  } else if (!isKnownKey(name)) {
    const hint = didYouMean(name, CONTEXT_KEYS);
    problems.warning(
      at,
      path,
      `"${name}" is none of the keys that these services give, so it may never be there.${hint}`,
    );
  }
}

function readValues(operator: OperatorName, node: JsonNode, path: string, zone: string, problems: Problems) {
  const items = node.type === 'array' ? (node.children ?? []) : [node];
  if (items.length === 0) problems.error(node, path, 'The list is empty: name at least one value.');
  return items.flatMap((item) => {
    const isScalar = item.type === 'string' || item.type === 'number' || item.type === 'boolean';
    const expected = isScalar ? (item.value as JsonValue) : null;
    const compare = isScalar ? compileValue(operator, expected, zone) : undefined;
    if (compare !== undefined) return [{ expected, compare }];
    const given = item.type === 'string' ? `"${String(item.value)}"` : typeOf(item);
    problems.error(item, path, `It must be ${operatorTakes(operator)}, not ${given}.`);
    return [];
  });
}

/** "All of none" holds, which in an Allow is seldom meant. */
function warnOfEmptyLists(node: JsonNode, conditions: readonly Condition[], path: string, problems: Problems): void {
  const demanded = new Set(
    conditions
      .filter(({ operator, expected: [value] }) =>
        operator === 'Null' ? String(value) === 'false' : operator === 'Exists' && String(value) === 'true',
      )
      .map(({ key }) => key),
  );
  for (const { operator, key } of conditions) {
    if (!operator.startsWith('ForAllValues:') || demanded.has(key)) continue;
    problems.warning(
      node,
      below(below(path, operator), key),
      `ForAllValues holds when "${key}" is missing. Add {"Exists": {"${key}": true}} if it must be there.`,
    );
  }
}
