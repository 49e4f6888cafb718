import { statementName } from '../engine/policy-engine.js';
import type { ApprovalOptions, Explanation } from '../engine/policy-engine.js';
import { problemLine } from '../engine/policy-problem.js';
import type { Output } from './output.js';
import { readObject, readPolicy } from './read-file.js';

/** `explain`: 0 whatever the decision is; 1 when the policy is not valid. */
export async function explainCommand(
  file: string,
  output: Output,
  { action, resource, context, json }: { action: string; resource: string; context?: string; json: boolean },
): Promise<number> {
  const query = { action, resource, context: context === undefined ? {} : await readObject(context) };
  const { engine, problems } = await readPolicy(file);
  if (engine === undefined) {
    if (json) output.line(JSON.stringify({ problems }, null, 2));
    else for (const problem of problems) output.line(problemLine(file, problem));
    return 1;
  }
  const explanation = engine.explain(query);
  if (json) output.line(JSON.stringify({ hash: engine.hash, ...explanation }, null, 2));
  else for (const line of explanationLines(explanation)) output.line(line);
  return 0;
}

const OUTCOMES = {
  decided: 'decided',
  matched: 'matches too',
  no_match: 'no match',
  error: 'cannot be evaluated',
} as const;

function explanationLines({ verdict, statements }: Explanation): string[] {
  return [
    `${verdict.decision} (${verdict.reason_code}): ${verdict.message}`,
    ...(verdict.approval === undefined ? [] : approvalLines(verdict.approval)),
    '',
    ...statements.flatMap(({ statement, effect, outcome, mismatches }) => [
      `${statementName(statement)} (${effect}): ${OUTCOMES[outcome]}`,
      ...mismatches.map(({ message }) => `    ${message}`),
    ]),
  ];
}

function approvalLines({ roles, expires_in_seconds, mask_inputs, reason }: ApprovalOptions): string[] {
  return [
    `    who may approve: ${roles.length === 0 ? 'the policy demands no role' : `one of the roles ${roles.join(', ')}`}`,
    ...(expires_in_seconds === undefined ? [] : [`    expires after ${expires_in_seconds} s`]),
    ...(mask_inputs.length === 0 ? [] : [`    inputs that are masked: ${mask_inputs.join(', ')}`]),
    ...(reason === undefined ? [] : [`    reason: ${reason}`]),
  ];
}
