import type { ConstraintEnvelope } from '#contract';
import type { EgressRules } from '../policies/tool-decision.js';

/** The constraints under which an executor runs a call: what the policies of the agent let it reach. */
export function callConstraints(egress: EgressRules | undefined): ConstraintEnvelope {
  if (egress === undefined) return {};
  const { allow, block } = egress;
  const narrowed = {
    ...(allow === undefined ? {} : { allow: [...allow] }),
    ...(block === undefined ? {} : { block: [...block] }),
  };
  return { extensions: { 'jarvis.egress': narrowed } };
}
