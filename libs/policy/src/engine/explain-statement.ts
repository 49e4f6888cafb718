import { allHold } from './condition.js';
import type { Condition } from './condition.js';
import { isTarget } from './policy-document.js';
import type { Statement, Target } from './policy-document.js';
import type {
  JsonObject,
  JsonValue,
  Mismatch,
  PolicyQuery,
  PolicyVerdict,
  StatementExplanation,
} from './policy-engine.js';

/** Why a statement matched or did not; every part is looked at, not only the first that fails. */
export function explainStatement(
  { ref, effect, action, resource, conditions }: Statement,
  query: PolicyQuery,
  verdict: PolicyVerdict,
): StatementExplanation {
  const targets = [
    ...(isTarget(action, query.action) ? [] : [targetMismatch('action', action, query.action)]),
    ...(isTarget(resource, query.resource) ? [] : [targetMismatch('resource', resource, query.resource)]),
  ];
  const truth = targets.length > 0 ? 'false' : allHold(conditions, query.context);
  const failing = conditions.filter(({ holds }) => holds(query.context) !== 'true');
  const mismatches = [...targets, ...failing.map((condition) => conditionMismatch(condition, query.context))];
  const statement = { statement: ref, effect };
  if (truth === 'false') return { ...statement, outcome: 'no_match', mismatches };
  if (truth === 'error') return { ...statement, outcome: 'error', mismatches };
  const decided = verdict.statement?.index === ref.index;
  return { ...statement, outcome: decided ? 'decided' : 'matched', mismatches: [] };
}

function targetMismatch(part: 'action' | 'resource', { key, negated, patterns }: Target, given: string): Mismatch {
  const wanted = patterns.map(({ source }) => JSON.stringify(source)).join(', ');
  const said = negated ? `matches ${key}, which leaves out` : `matches no ${key} of`;
  return { part, message: `${part} ${JSON.stringify(given)} ${said} ${wanted}` };
}

function conditionMismatch({ operator, key, expected, actual, holds }: Condition, context: JsonObject): Mismatch {
  const value: JsonValue | undefined = actual(context);
  const wanted = expected.map((each) => JSON.stringify(each)).join(', ');
  const found = value === undefined ? 'missing' : JSON.stringify(value);
  const failed = holds(context) === 'error' ? 'cannot compare it' : 'does not hold';
  return {
    part: 'condition',
    operator,
    key,
    ...(value === undefined ? {} : { actual: value }),
    message: `${key} is ${found}; ${operator} ${wanted} ${failed}`,
  };
}
