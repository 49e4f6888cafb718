import type { ConstraintEnvelope } from '#contract';
import type { ToolAction } from '../tools/tool-action.js';
import type { EgressRules } from '../policies/tool-decision.js';

/**
 * The constraints under which an executor runs a call: what the policies of the agent let it reach. Allowed domains are about hosts that
 * the agent chooses; an action that calls a service of its own, such as a search, needs no leave for that.
 */
export function callConstraints(
  { egress: declared }: Pick<ToolAction, 'egress'>,
  egress: EgressRules | undefined,
): ConstraintEnvelope {
  if (egress === undefined) return {};
  const { allow, block } = egress;
  const choosesHost = declared.some((pattern) => pattern.startsWith('*'));
  const narrowed = {
    ...(allow === undefined || !choosesHost ? {} : { allow: [...allow] }),
    ...(block === undefined ? {} : { block: [...block] }),
  };
  return { extensions: { 'jarvis.egress': narrowed } };
}
