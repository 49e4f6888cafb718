import type { ConstraintEnvelope } from '#contract';
import type { ToolAction } from '../tools/tool-action.js';

/** What the policies of an agent let its calls reach, as host patterns. */
interface Egress {
  readonly allow?: readonly string[];
  readonly block?: readonly string[];
}

/**
 * The constraints under which an executor runs a call. A policy's list of allowed domains is about what parameters name; a pack that
 * reaches hosts of its own choice only (the service that it is made for) could not reach them under a list of, say, the domains that mail
 * may go to. So it narrows those actions that may call any host; what is blocked is blocked for all.
 */
export function callConstraints({ reachesAnyHost }: Pick<ToolAction, 'reachesAnyHost'>, egress?: Egress): ConstraintEnvelope {
  const { allow, block } = egress ?? {};
  const narrowed = {
    ...(allow === undefined || !reachesAnyHost ? {} : { allow: [...allow] }),
    ...(block === undefined ? {} : { block: [...block] }),
  };
  return Object.keys(narrowed).length === 0 ? {} : { extensions: { 'jarvis.egress': narrowed } };
}
