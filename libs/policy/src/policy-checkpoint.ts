import type { PolicyDecision, PolicyDecisionRequest, RequestContext } from '#contract';
import type { PolicySettings } from './policy-settings.js';

/**
 * Where a service asks before it acts. There is no policy decision point yet, so a checkpoint gives the fallback: deny, unless
 * the operator has said dev-allow. It never throws: a decision that cannot be had is a denial.
 */
export class PolicyCheckpoint {
  constructor(private readonly settings: Pick<PolicySettings, 'JARVIS_POLICY_PROFILE'>) {}

  /** @param request `action` is the checkpoint: `run.start` or `node.run.execute` */
  async decide(_ctx: RequestContext, request: PolicyDecisionRequest): Promise<PolicyDecision> {
    if (this.settings.JARVIS_POLICY_PROFILE === 'dev-allow') {
      return {
        decision: 'allow',
        reason_code: 'policy_bypass',
        message: 'JARVIS_POLICY_PROFILE=dev-allow allows everything.',
      };
    }
    return {
      decision: 'deny',
      reason_code: 'policy_unconfigured',
      message: `No policy is configured, so ${request.action} is denied. For local development set JARVIS_POLICY_PROFILE=dev-allow.`,
    };
  }
}
