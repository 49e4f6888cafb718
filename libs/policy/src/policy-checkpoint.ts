import { defineSettings, text } from '#config';
import type { SettingsOf } from '#config';
import type { PolicyDecision, PolicyDecisionRequest, RequestContext } from '#contract';

export const policySettings = defineSettings({
  JARVIS_POLICY_PROFILE: text({
    default: undefined,
    choices: ['dev-allow'] as const,
    desc: 'dev-allow allows everything, for local development. Without it and without a policy decision point everything is denied.',
  }),
});

export type PolicySettings = SettingsOf<typeof policySettings>;

/**
 * Where a service asks before it acts. There is no policy decision point yet, so a checkpoint gives the fallback: deny, unless
 * the operator has said dev-allow. It never throws: a decision that cannot be had is a denial.
 */
export class PolicyCheckpoint {
  constructor(private readonly settings: PolicySettings) {}

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
