import type { PolicyDecision } from '#contract';
import type { NewRunEvent } from './run-draft.js';

/** The event of a policy checkpoint: what was asked, what was decided, and in `extensions` by which policy and statement. */
export function policyDecidedEvent(action: string, decision: PolicyDecision, nodeRunId: string): NewRunEvent {
  const { reason_code, message, approval_ref, extensions } = decision;
  return {
    type: 'policy_decided',
    nodeRunId,
    data: {
      action,
      decision: decision.decision,
      ...(reason_code === undefined ? {} : { reason_code }),
      ...(message === undefined ? {} : { message }),
      ...(approval_ref === undefined ? {} : { approval_ref }),
      ...(extensions === undefined ? {} : { extensions }),
    },
  };
}
