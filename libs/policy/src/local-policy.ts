import type { PolicyDecision, PolicyDecisionRequest, RequestContext } from '#contract';
import { statementName } from './engine/policy-engine.js';
import type { ApprovalOptions, PolicyEngine, PolicyVerdict } from './engine/policy-engine.js';
import type { PolicyDecider } from './policy-checkpoint.js';
import type { PolicyFacts } from './policy-facts.js';
import { policyQueryOf } from './policy-query.js';
import type { PolicySource } from './policy-source.js';

/** Decides by the policy of this process. */
export class LocalPolicy implements PolicyDecider {
  /** @param serviceOf which service asks: this one, or the one that calls it */
  constructor(
    private readonly source: Pick<PolicySource, 'engine'>,
    private readonly serviceOf: (ctx: RequestContext) => string | undefined,
  ) {}

  async decide(ctx: RequestContext, request: PolicyDecisionRequest, facts: PolicyFacts): Promise<PolicyDecision> {
    // One engine for the whole decision: the file may change at any moment.
    const { engine } = this.source;
    const query = policyQueryOf(request, facts, { service: this.serviceOf(ctx), now: new Date() });
    return decisionOf(engine.decide(query), engine);
  }
}

/** A verdict as the standard has it. Which policy and which statement decided is in its extensions. */
function decisionOf(verdict: PolicyVerdict, { hash, version }: PolicyEngine): PolicyDecision {
  const { decision, reason_code, message, statement, approval } = verdict;
  if (reason_code === 'dev_allow') return { decision, reason_code: 'policy_bypass', message };
  if (reason_code === 'policy_unconfigured' || reason_code === 'invalid_policy') {
    return { decision, reason_code, message };
  }
  return {
    decision,
    reason_code,
    message: approval?.reason ?? message,
    extensions: {
      'jarvis.policy_hash': hash,
      ...(version === undefined ? {} : { 'jarvis.policy_version': version }),
      ...(statement === undefined ? {} : { 'jarvis.policy_statement': statementName(statement) }),
      ...(approval === undefined ? {} : { 'jarvis.approval': approvalExtension(approval) }),
    },
  };
}

/** No role at all would mean that nobody may approve. */
function approvalExtension({ roles, expires_in_seconds, mask_inputs }: ApprovalOptions): Record<string, unknown> {
  return {
    ...(roles.length === 0 ? {} : { roles }),
    ...(expires_in_seconds === undefined ? {} : { expires_in_seconds }),
    ...(mask_inputs.length === 0 ? {} : { mask_inputs }),
  };
}
