import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import { Problems } from '../json-tree.js';
import type { LoadedPolicy } from '../loaded-policy.js';
import { readAnnotations } from './annotations.js';
import type { CedarPolicy } from './annotations.js';
import { cedarEngine } from './cedar-engine.js';

/** Reads a Cedar file. Never throws for what the text is. */
export function parseCedarPolicy(source: string): LoadedPolicy {
  const problems = new Problems(source);
  try {
    const parts = cedar.policySetTextToParts(source);
    if (parts.type === 'failure') {
      const offsetOf = utf16Offsets(source);
      for (const error of withRelated(parts.errors)) reportSyntax(error, offsetOf, problems);
      return { problems: problems.list };
    }
    if (parts.policy_templates.length > 0) {
      const [template = ''] = parts.policy_templates;
      problems.error(
        { offset: Math.max(0, source.indexOf(template)) },
        '',
        'A template (?principal, ?resource) cannot be used here: nothing links it.',
      );
    }
    const policies = inOrder(source, parts.policies).map(({ text, offset }, index) =>
      readPolicy(text, offset, index, problems),
    );
    if (policies.length === 0 && !problems.hasErrors) {
      problems.error({ offset: 0 }, '', 'There is no policy, so everything would be denied.');
    }
    const read = policies.filter((policy) => policy !== undefined);
    warnOfRepeatedIds(read, problems);
    return problems.hasErrors
      ? { problems: problems.list }
      : { engine: cedarEngine(source, read), problems: problems.list };
  } catch (error) {
    // WebAssembly traps, for instance on nesting that is too deep for its stack.
    problems.error(
      { offset: 0 },
      '',
      `Cedar could not read it: ${error instanceof Error ? error.message : String(error)}`,
    );
    return { problems: problems.list };
  }
}

function readPolicy(text: string, offset: number, index: number, problems: Problems): CedarPolicy | undefined {
  const answer = cedar.policyToJson(text);
  if (answer.type === 'failure') {
    for (const { message } of answer.errors) problems.error({ offset }, `policy[${index}]`, message);
    return undefined;
  }
  const statement = readAnnotations(answer.json, (name, message) => {
    const at = text.search(new RegExp(`@\\s*${name}\\b`));
    problems.error({ offset: offset + Math.max(0, at) }, `policy[${index}]`, message);
  });
  return { ...statement, index, text, json: answer.json };
}

/** The parts come sorted by a name that Cedar gave them; their text is a piece of the source. */
function inOrder(source: string, texts: readonly string[]): { readonly text: string; readonly offset: number }[] {
  const next = new Map<string, number>();
  return texts
    .map((text) => {
      const offset = source.indexOf(text, next.get(text) ?? 0);
      next.set(text, offset + text.length);
      return { text, offset: Math.max(0, offset) };
    })
    .sort((left, right) => left.offset - right.offset);
}

function withRelated(errors: readonly DetailedError[]): DetailedError[] {
  return errors.flatMap((error) => [error, ...withRelated(error.related ?? [])]);
}

function reportSyntax(
  { message, help, sourceLocations }: DetailedError,
  offsetOf: (bytes: number) => number,
  problems: Problems,
): void {
  const [location] = sourceLocations ?? [];
  const sentence = message.replace(/^failed to parse policies from string: /, '');
  problems.error({ offset: offsetOf(location?.start ?? 0) }, '', help === null ? sentence : `${sentence} (${help})`);
}

/** Cedar counts bytes of UTF-8. */
function utf16Offsets(source: string): (bytes: number) => number {
  const bytes = Buffer.from(source, 'utf8');
  return (count) => bytes.subarray(0, count).toString('utf8').length;
}

function warnOfRepeatedIds(policies: readonly CedarPolicy[], problems: Problems): void {
  const seen = new Map<string, number>();
  for (const { sid, index } of policies) {
    if (sid === undefined) continue;
    const first = seen.get(sid);
    if (first === undefined) seen.set(sid, index);
    else {
      problems.warning(
        { offset: 0 },
        `policy[${index}]`,
        `"${sid}" is the @id of policy[${first}] too, so decisions do not say which of them decided.`,
      );
    }
  }
}
