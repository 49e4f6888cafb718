import type { ToolPolicyDecisionEntity } from '../tables/tool-policy-decision.entity.js';
import type { ToolPolicyEntity } from '../tables/tool-policy.entity.js';
import type { PolicySpec } from './policy-spec.js';
import type { PolicyLogEntry, ToolPolicy } from './tool-policy.js';

/** What is kept of a call beside its decision. */
export interface DecisionFacts {
  readonly requestBytes: number;
  readonly hosts: readonly string[];
}

export function presentToolPolicy(row: ToolPolicyEntity): ToolPolicy {
  return {
    id: row.policy_id,
    name: row.name,
    ...(row.description === null ? {} : { description: row.description }),
    ...(row.agent_id === null ? {} : { agentId: row.agent_id }),
    ...(row.role === null ? {} : { role: row.role }),
    spec: specOf(row),
    specHash: row.spec_hash,
    active: row.active,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** The spec of a row: it was read as one before it was written. */
export function specOf({ spec }: Pick<ToolPolicyEntity, 'spec'>): PolicySpec {
  return spec as unknown as PolicySpec;
}

export function presentDecision(row: ToolPolicyDecisionEntity): PolicyLogEntry {
  const [policyId] = row.policy_ids;
  const { requestBytes, hosts } = row.facts as unknown as DecisionFacts;
  return {
    id: row.decision_id,
    ...(policyId === undefined ? {} : { policyId }),
    policyIds: row.policy_ids,
    agentId: row.agent_id,
    tool: row.tool,
    action: row.action,
    decision: row.decision,
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    requestBytes,
    hosts: [...hosts],
    createdAt: row.at.toISOString(),
  };
}
