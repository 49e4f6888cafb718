import { createHash } from 'node:crypto';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { Response } from '@cedar-policy/cedar-wasm/nodejs';
import { statementName } from '../policy-engine.js';
import type { PolicyEngine, PolicyQuery, PolicyVerdict, ReasonCode, StatementRef } from '../policy-engine.js';
import type { CedarPolicy } from './annotations.js';
import { cedarRequest, UnrepresentableError } from './entities.js';
import type { CedarRequest } from './entities.js';
import { explainPolicy } from './explain-policy.js';

let made = 0;
/** Cedar keeps parsed policies under a name and has no way to drop one: what is no longer used is replaced by nothing. */
const unused = new FinalizationRegistry<string>((name) => void cedar.preparsePolicySet(name, { staticPolicies: {} }));

/**
 * Decides by a Cedar policy: `forbid` wins, then a permit with `@effect("require_approval")`, then a permit, else it is denied.
 * Cedar passes over a policy that fails while it is evaluated. Here a forbid or an approval that fails denies, with
 * `evaluation_error`; a permit that fails permits nothing.
 *
 * @param policies in the order of the file, at least one
 * @throws Error when Cedar does not take them
 */
export function cedarEngine(source: string, policies: readonly CedarPolicy[]): PolicyEngine {
  made += 1;
  const name = `policy-${made}`;
  const prepared = cedar.preparsePolicySet(name, {
    staticPolicies: Object.fromEntries(policies.map(({ index, text }) => [String(index), text])),
  });
  if (prepared.type === 'failure') throw new Error(prepared.errors.map(({ message }) => message).join('; '));
  const decide = (query: PolicyQuery): PolicyVerdict => {
    try {
      const answer = cedar.statefulIsAuthorized({ ...cedarRequest(query), preparsedPolicySetId: name });
      // Its messages may repeat values of the context.
      if (answer.type === 'failure') return failed(undefined, 'Cedar does not take the context');
      return verdictOf(answer.response, policies);
    } catch (error) {
      return failed(undefined, error instanceof UnrepresentableError ? error.message : 'Cedar failed');
    }
  };
  const engine: PolicyEngine = {
    hash: createHash('sha256').update(source).digest('hex'),
    size: policies.length,
    decide,
    explain: (query) => {
      const verdict = decide(query);
      const request = requestOf(query);
      return { verdict, statements: policies.map((policy) => explainPolicy(policy, request, verdict)) };
    },
  };
  unused.register(engine, name);
  return engine;
}

function requestOf(query: PolicyQuery): CedarRequest | string {
  try {
    return cedarRequest(query);
  } catch (error) {
    return error instanceof Error ? error.message : 'the query cannot be told to Cedar';
  }
}

function verdictOf({ decision, diagnostics }: Response, policies: readonly CedarPolicy[]): PolicyVerdict {
  const satisfied = first(diagnostics.reason, policies);
  if (decision === 'deny' && satisfied !== undefined) return by(satisfied, 'deny', 'explicit_deny', 'denies it');
  const failing = first(
    diagnostics.errors.map(({ policyId }) => policyId),
    policies.filter(({ effect }) => effect !== 'allow'),
  );
  if (failing !== undefined) return failed(failing, 'a value is missing, or of another type');
  if (decision === 'deny') {
    return { decision: 'deny', reason_code: 'default_deny', message: 'No policy allows it.' };
  }
  const approvals = policies.filter(
    ({ effect, index }) => effect === 'require_approval' && diagnostics.reason.includes(String(index)),
  );
  const [approval] = approvals;
  if (approval?.approval === undefined) {
    return satisfied === undefined
      ? failed(undefined, 'no policy was named')
      : by(satisfied, 'allow', 'explicit_allow', 'allows it');
  }
  const masks = new Set(approvals.flatMap((each) => each.approval?.mask_inputs ?? []));
  const verdict = by(approval, 'require_approval', 'explicit_approval', 'wants a person to approve it');
  return { ...verdict, approval: { ...approval.approval, mask_inputs: [...masks] } };
}

/** The first in the file of those named. */
function first(names: readonly string[], policies: readonly CedarPolicy[]): CedarPolicy | undefined {
  return policies.find(({ index }) => names.includes(String(index)));
}

function refOf({ index, sid }: CedarPolicy): StatementRef {
  return { index, ...(sid === undefined ? {} : { sid }) };
}

function by(policy: CedarPolicy, decision: PolicyVerdict['decision'], reason: ReasonCode, says: string): PolicyVerdict {
  const statement = refOf(policy);
  return { decision, reason_code: reason, message: `${statementName(statement)} ${says}.`, statement };
}

function failed(policy: CedarPolicy | undefined, why: string): PolicyVerdict {
  const statement = policy === undefined ? undefined : refOf(policy);
  const what = statement === undefined ? 'The policy' : statementName(statement);
  return {
    decision: 'deny',
    reason_code: 'evaluation_error',
    message: `${what} could not be evaluated, so it is denied: ${why}.`,
    ...(statement === undefined ? {} : { statement }),
  };
}
