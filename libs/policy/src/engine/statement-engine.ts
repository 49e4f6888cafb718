import { createHash } from 'node:crypto';
import { stringify } from 'safe-stable-stringify';
import { allHold } from './condition.js';
import { explainStatement } from './explain-statement.js';
import { statementName } from './policy-engine.js';
import type { ApprovalOptions, PolicyEngine, PolicyQuery, PolicyVerdict } from './policy-engine.js';
import type { PolicyDocument, Statement } from './policy-document.js';
import { indexStatements } from './statement-index.js';

/**
 * Decides by the statements of a policy file. Deny wins, then RequireApproval, then Allow; else it is denied. A Deny or
 * RequireApproval with a condition that cannot be evaluated (a value is there, but nothing that its operator compares) denies
 * with `evaluation_error`, unless another Deny does anyway; such an Allow does not match.
 */
export function statementEngine({ value, version, statements }: PolicyDocument): PolicyEngine {
  const index = indexStatements(statements);
  const decide = (query: PolicyQuery): PolicyVerdict => {
    const { action, resource, context } = query;
    let unclear: Statement | undefined;
    for (const statement of index.find('deny', action, resource)) {
      const truth = allHold(statement.conditions, context);
      if (truth === 'true') return denied(statement);
      if (truth === 'error') unclear ??= statement;
    }
    const approvals: Statement[] = [];
    for (const statement of index.find('require_approval', action, resource)) {
      const truth = allHold(statement.conditions, context);
      if (truth === 'true') approvals.push(statement);
      if (truth === 'error') unclear = firstOf(unclear, statement);
    }
    if (unclear !== undefined) return notEvaluated(unclear, query);
    const [approval] = approvals;
    if (approval !== undefined) return needsApproval(approval, approvals);
    for (const statement of index.find('allow', action, resource)) {
      if (allHold(statement.conditions, context) === 'true') return allowed(statement);
    }
    return DEFAULT;
  };
  return {
    hash: createHash('sha256')
      .update(stringify(value) ?? '')
      .digest('hex'),
    ...(version === undefined ? {} : { version }),
    size: statements.length,
    decide,
    explain: (query) => {
      const verdict = decide(query);
      return { verdict, statements: statements.map((statement) => explainStatement(statement, query, verdict)) };
    },
  };
}

const DEFAULT: PolicyVerdict = {
  decision: 'deny',
  reason_code: 'default_deny',
  message: 'No statement of the policy allows it.',
};

function firstOf(one: Statement | undefined, other: Statement): Statement {
  return one !== undefined && one.ref.index < other.ref.index ? one : other;
}

function denied({ ref }: Statement): PolicyVerdict {
  return {
    decision: 'deny',
    reason_code: 'explicit_deny',
    message: `${statementName(ref)} denies it.`,
    statement: ref,
  };
}

function allowed({ ref }: Statement): PolicyVerdict {
  return {
    decision: 'allow',
    reason_code: 'explicit_allow',
    message: `${statementName(ref)} allows it.`,
    statement: ref,
  };
}

function needsApproval({ ref, approval }: Statement, all: readonly Statement[]): PolicyVerdict {
  const masks = new Set(all.flatMap((statement) => statement.approval?.mask_inputs ?? []));
  const options: ApprovalOptions = { roles: [], ...approval, mask_inputs: [...masks] };
  const message = `${statementName(ref)} wants a person to approve it.`;
  return { decision: 'require_approval', reason_code: 'explicit_approval', message, statement: ref, approval: options };
}

function notEvaluated({ ref, conditions }: Statement, { context }: PolicyQuery): PolicyVerdict {
  const condition = conditions.find(({ holds }) => holds(context) === 'error');
  const what =
    condition === undefined
      ? 'A condition'
      : `${condition.key} holds nothing that ${condition.operator} can compare: a condition`;
  return {
    decision: 'deny',
    reason_code: 'evaluation_error',
    message: `${what} of ${statementName(ref)} could not be evaluated, so it is denied.`,
    statement: ref,
  };
}
