import jsonc from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';
import type { JsonValue } from './policy-engine.js';
import { positionsOf } from './policy-problem.js';
import type { PolicyProblem } from './policy-problem.js';

export type JsonNode = Node;

/** A name and its value in an object, with where each stands. */
export interface Member {
  readonly name: string;
  readonly at: JsonNode;
  readonly value: JsonNode;
}

const SYNTAX_ERRORS: Readonly<Record<string, string>> = {
  InvalidSymbol: 'This is not JSON.',
  InvalidNumberFormat: 'This is not a number as JSON writes it.',
  PropertyNameExpected: 'A key in double quotes is expected here; a comma after the last one is not allowed.',
  ValueExpected: 'A value is expected here; a comma after the last one is not allowed.',
  ColonExpected: 'A colon is expected here.',
  CommaExpected: 'A comma is expected here.',
  CloseBraceExpected: 'A closing } is missing.',
  CloseBracketExpected: 'A closing ] is missing.',
  EndOfFileExpected: 'The document has ended before this.',
  InvalidCommentToken: 'JSON has no comments.',
  UnexpectedEndOfComment: 'JSON has no comments.',
  UnexpectedEndOfString: 'The closing " of a text is missing.',
  UnexpectedEndOfNumber: 'The number is incomplete.',
  InvalidUnicode: 'After \\u four hexadecimal digits are expected.',
  InvalidEscapeCharacter: 'There is no such escape in JSON.',
  InvalidCharacter: 'This character may not stand in JSON unescaped.',
};

/** Collects what is wrong, with line and column. */
export class Problems {
  readonly list: PolicyProblem[] = [];
  private readonly position: ReturnType<typeof positionsOf>;

  constructor(text: string) {
    this.position = positionsOf(text);
  }

  error(at: { readonly offset: number }, path: string, message: string): void {
    this.list.push({ severity: 'error', ...this.position(at.offset), path, message });
  }

  warning(at: { readonly offset: number }, path: string, message: string): void {
    this.list.push({ severity: 'warning', ...this.position(at.offset), path, message });
  }

  get hasErrors(): boolean {
    return this.list.some(({ severity }) => severity === 'error');
  }
}

/** Reads strict JSON; a byte order mark is passed over. Undefined when it is none, and then there is an error. */
export function readJson(
  text: string,
  problems: Problems,
): { readonly tree: JsonNode; readonly value: JsonValue } | undefined {
  const source = text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text;
  if (source.trim() === '') {
    problems.error({ offset: 0 }, '', 'The file is empty.');
    return undefined;
  }
  try {
    const errors: ParseError[] = [];
    const tree = jsonc.parseTree(source, errors, { disallowComments: true, allowTrailingComma: false });
    for (const { error, offset } of withoutEchoes(errors)) {
      const code = jsonc.printParseErrorCode(error);
      problems.error({ offset }, '', SYNTAX_ERRORS[code] ?? 'This is not JSON.');
    }
    if (errors.length > 0 || tree === undefined) return undefined;
    return { tree, value: JSON.parse(source) as JsonValue };
  } catch (error) {
    const tooDeep = error instanceof RangeError;
    problems.error({ offset: 0 }, '', tooDeep ? 'The document is nested too deeply.' : 'This is not JSON.');
    return undefined;
  }
}

/** One mistake often leads to a second report at the same place. */
function withoutEchoes(errors: readonly ParseError[]): ParseError[] {
  return errors.filter(({ offset }, index) => errors.findIndex((other) => other.offset === offset) === index);
}

/** The members of an object; a name that stands there twice is reported. */
export function membersOf(node: JsonNode, path: string, problems: Problems): Member[] {
  const seen = new Set<string>();
  const members: Member[] = [];
  for (const { children: [at, value] = [] } of node.children ?? []) {
    if (at === undefined || value === undefined) continue;
    const name = String(at.value);
    if (seen.has(name)) {
      problems.error(
        at,
        below(path, name),
        `The key "${name}" is there twice; which one counts depends on the reader.`,
      );
    }
    seen.add(name);
    members.push({ name, at, value });
  }
  return members;
}

/** `Statement[0]` and `Sid` give `Statement[0].Sid`. */
export function below(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** How the type of a value is called in an error. */
export function typeOf({ type, value }: JsonNode): string {
  if (type === 'string') return 'a text';
  if (type === 'array') return 'a list';
  if (type === 'object') return 'an object';
  return type === 'null' ? 'null' : `the ${type} ${String(value)}`;
}
