import type { PolicyDecisionRequest, RunContext } from '#contract';
import type { JsonObject, PolicyQuery } from './engine/policy-engine.js';
import { WEEKDAYS } from './engine/wall-clock.js';
import type { PolicyFacts } from './policy-facts.js';
import { policyValue } from './policy-value.js';

/** What does not depend on the request. */
export interface PolicyEnvironment {
  /** Which service asks; undefined when nobody knows. */
  readonly service: string | undefined;
  readonly now: Date;
}

/**
 * What a policy is asked: all of it from what the service knows. `context` and `extensions` of the request are not read, so nobody can say through
 * them what is acted on, by whom, or what a node type is.
 *
 * @param request its run context, ids and constraints are those of the service
 */
export function policyQueryOf(
  request: PolicyDecisionRequest,
  facts: PolicyFacts,
  { service, now }: PolicyEnvironment,
): PolicyQuery {
  const { action, run_id, node_run_id, node_type_ref, run_context, constraints } = request;
  const principal = facts.isIdentityVerified === true ? principalOf(run_context ?? {}) : {};
  return {
    action,
    resource: resourceOf(request),
    context: {
      principal,
      run: present({
        id: run_id,
        root_node_type_id: action === 'run.start' ? node_type_ref?.node_type_id : undefined,
      }),
      node_run: present({ id: node_run_id }),
      ...(node_type_ref === undefined
        ? {}
        : {
            node_type: {
              ...present({ ...facts.nodeType }),
              id: node_type_ref.node_type_id,
              version: node_type_ref.version,
            },
          }),
      constraints: present({ ...constraints }),
      environment: present({ service }),
      time: { now: now.toISOString(), hour: now.getUTCHours(), weekday: WEEKDAYS[(now.getUTCDay() + 6) % 7] ?? '' },
    },
  };
}

function resourceOf({ node_type_ref, run_id }: PolicyDecisionRequest): string {
  if (node_type_ref !== undefined) return `node_type:${node_type_ref.node_type_id}`;
  return `run:${run_id ?? '*'}`;
}

function principalOf({ actor, tenant_id, identity = {} }: RunContext): JsonObject {
  const { issuer, client_id, actors, roles } = identity;
  return present({ subject: actor?.id, type: actor?.type, tenant_id, issuer, client_id, actors, roles });
}

function present(members: Readonly<Record<string, unknown>>): JsonObject {
  const found = policyValue(members);
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as JsonObject) : {};
}
