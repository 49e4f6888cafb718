import { compileApproval } from './approval-options.js';
import type { Condition } from './condition.js';
import { compileConditions } from './conditions.js';
import { below, membersOf, Problems, readJson, typeOf } from './json-tree.js';
import type { JsonNode, Member } from './json-tree.js';
import { compilePattern } from './pattern.js';
import type { Pattern } from './pattern.js';
import type { ApprovalOptions, JsonValue, PolicyOutcome, StatementRef } from './policy-engine.js';
import { didYouMean } from './policy-problem.js';
import type { PolicyProblem } from './policy-problem.js';
import { readText, readTexts, refuseUnknown } from './statement-parts.js';
import { wallClockOf } from './wall-clock.js';

/** Actions or resources of a statement: any of the patterns, or with Not… none of them. */
export interface Target {
  readonly key: string;
  readonly negated: boolean;
  readonly patterns: readonly Pattern[];
}

export interface Statement {
  readonly ref: StatementRef;
  readonly effect: PolicyOutcome;
  readonly action: Target;
  readonly resource: Target;
  readonly conditions: readonly Condition[];
  readonly approval?: ApprovalOptions;
}

/** A policy file that was understood. */
export interface PolicyDocument {
  /** As it was parsed, for the hash. */
  readonly value: JsonValue;
  readonly version?: string;
  readonly statements: readonly Statement[];
}

const EFFECTS: Readonly<Record<string, PolicyOutcome>> = {
  Allow: 'allow',
  Deny: 'deny',
  RequireApproval: 'require_approval',
};
const TOP_KEYS = ['Version', 'Id', 'Timezone', 'Statement'];
const STATEMENT_KEYS = [
  ...['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition', 'Approval'],
  'Description',
];
/** Where these services ask. Others may ask elsewhere, so another action is a warning only. */
export const CHECKPOINTS = ['run.start', 'run.cancel', 'node.run.execute', 'node_type.publish', 'approval.decide'];

/**
 * Reads a policy file. Never throws: whatever the text is, `problems` lists all that is wrong with it, and `document` is
 * there exactly when none of them is an error.
 */
export function parsePolicyDocument(text: string): {
  readonly document?: PolicyDocument;
  readonly problems: readonly PolicyProblem[];
} {
  const problems = new Problems(text);
  const json = readJson(text, problems);
  const document = json === undefined ? undefined : readDocument(json.tree, json.value, problems);
  const list = [...problems.list].sort((left, right) => left.line - right.line || left.column - right.column);
  return document === undefined || problems.hasErrors ? { problems: list } : { document, problems: list };
}

function readDocument(tree: JsonNode, value: JsonValue, problems: Problems): PolicyDocument | undefined {
  if (tree.type !== 'object') {
    problems.error(tree, '', `A policy is an object with the key "Statement", not ${typeOf(tree)}.`);
    return undefined;
  }
  const members = membersOf(tree, '', problems);
  refuseUnknown(members, TOP_KEYS, '', problems);
  const find = (name: string) => members.find((member) => member.name === name)?.value;
  const version = readText(find('Version'), 'Version', problems);
  readText(find('Id'), 'Id', problems);
  const zone = readZone(find('Timezone'), problems);
  const list = find('Statement');
  if (list === undefined) {
    problems.error(tree, '', 'The key "Statement" is missing: a statement, or a list of them.');
    return undefined;
  }
  const nodes = list.type === 'array' ? (list.children ?? []) : [list];
  if (nodes.length === 0) problems.error(list, 'Statement', 'The list is empty, so everything would be denied.');
  const pathOf = (index: number) => (list.type === 'array' ? `Statement[${index}]` : 'Statement');
  const statements = nodes.map((node, index) => readStatement(node, index, pathOf(index), zone, problems));
  warnOfRepeatedSids(nodes, statements, problems);
  return {
    value,
    ...(version === undefined ? {} : { version }),
    statements: statements.filter((statement) => statement !== undefined),
  };
}

function readStatement(
  node: JsonNode,
  index: number,
  path: string,
  zone: string,
  problems: Problems,
): Statement | undefined {
  if (node.type !== 'object') {
    problems.error(node, path, `A statement is an object, not ${typeOf(node)}.`);
    return undefined;
  }
  const members = membersOf(node, path, problems);
  refuseUnknown(members, STATEMENT_KEYS, path, problems);
  const find = (name: string) => members.find((member) => member.name === name);
  const sid = readText(find('Sid')?.value, below(path, 'Sid'), problems);
  readText(find('Description')?.value, below(path, 'Description'), problems);
  const effect = readEffect(node, find('Effect')?.value, path, problems);
  const action = readTarget(node, [find('Action'), find('NotAction')], 'Action', path, problems);
  const resource = readTarget(node, [find('Resource'), find('NotResource')], 'Resource', path, problems);
  const conditions = compileConditions(find('Condition')?.value, below(path, 'Condition'), { effect, zone }, problems);
  const approval = find('Approval');
  if (approval !== undefined && effect !== undefined && effect !== 'require_approval') {
    problems.error(
      approval.at,
      below(path, 'Approval'),
      'Only a statement with the Effect "RequireApproval" has approval options.',
    );
  }
  const options = compileApproval(approval?.value, below(path, 'Approval'), problems);
  if (effect === undefined || action === undefined || resource === undefined) return undefined;
  const ref = { index, ...(sid === undefined ? {} : { sid }) };
  return { ref, effect, action, resource, conditions, ...(effect === 'require_approval' ? { approval: options } : {}) };
}

function readEffect(
  node: JsonNode,
  value: JsonNode | undefined,
  path: string,
  problems: Problems,
): PolicyOutcome | undefined {
  const names = Object.keys(EFFECTS);
  const allowed = names.map((name) => `"${name}"`).join(', ');
  if (value === undefined) {
    problems.error(node, path, `The key "Effect" is missing: one of ${allowed}.`);
    return undefined;
  }
  const text = typeof value.value === 'string' ? value.value : undefined;
  if (text !== undefined && names.includes(text)) return EFFECTS[text];
  const given = text === undefined ? typeOf(value) : `"${text}"`;
  problems.error(
    value,
    below(path, 'Effect'),
    `It must be one of ${allowed}, not ${given}.${didYouMean(text ?? '', names)}`,
  );
  return undefined;
}

function readTarget(
  node: JsonNode,
  [plain, not]: readonly (Member | undefined)[],
  name: 'Action' | 'Resource',
  path: string,
  problems: Problems,
): Target | undefined {
  const member = plain ?? not;
  if (member === undefined) {
    problems.error(
      node,
      path,
      `The key "${name}" (or "Not${name}") is missing: a text, or a list of texts; "*" for all.`,
    );
    return undefined;
  }
  if (plain !== undefined && not !== undefined) {
    problems.error(not.at, below(path, not.name), `A statement has either "${name}" or "Not${name}", not both.`);
  }
  const texts = readTexts(member.value, below(path, member.name), problems);
  const patterns = texts.map(({ value }) => compilePattern(String(value)));
  if (name === 'Action') {
    texts.forEach((text, index) => warnOfUnknownAction(text, patterns[index], below(path, member.name), problems));
  }
  return { key: member.name, negated: member === not, patterns };
}

function warnOfUnknownAction(text: JsonNode, pattern: Pattern | undefined, path: string, problems: Problems): void {
  if (pattern === undefined || CHECKPOINTS.some((action) => pattern.matches(action))) return;
  const hint = didYouMean(pattern.source, CHECKPOINTS);
  problems.warning(
    text,
    path,
    `"${pattern.source}" is none of the actions that are asked for: ${CHECKPOINTS.join(', ')}.${hint}`,
  );
}

function readZone(node: JsonNode | undefined, problems: Problems): string {
  const zone = readText(node, 'Timezone', problems);
  if (node === undefined || zone === undefined || wallClockOf(zone) !== undefined) return zone ?? 'UTC';
  problems.error(node, 'Timezone', `"${zone}" is not a time zone; IANA names are, such as Europe/Berlin or UTC.`);
  return 'UTC';
}

function warnOfRepeatedSids(
  nodes: readonly JsonNode[],
  statements: readonly (Statement | undefined)[],
  problems: Problems,
): void {
  const seen = new Map<string, number>();
  statements.forEach((statement, index) => {
    const { sid } = statement?.ref ?? {};
    const [node, first] = [nodes[index], sid === undefined ? undefined : seen.get(sid)];
    if (sid === undefined || node === undefined) return;
    if (first === undefined) seen.set(sid, index);
    else {
      problems.warning(
        node,
        `Statement[${index}].Sid`,
        `"${sid}" is the Sid of Statement[${first}] too, so decisions do not say which of them decided.`,
      );
    }
  });
}

/** Whether a text is a target of the statement. */
export function isTarget({ negated, patterns }: Target, text: string): boolean {
  return patterns.some(({ matches }) => matches(text)) !== negated;
}
