import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { ToolPolicyDecisionEntity } from '../tables/tool-policy-decision.entity.js';

/** Which decisions to list. Null: whatever it is. */
export interface DecisionFilter {
  readonly owner: string | null;
  readonly policyId: string | null;
  readonly agentId: string | null;
  readonly limit: number;
}

export type NewDecision = Omit<ToolPolicyDecisionEntity, 'decision_id'>;

/** Every statement on `tool_policy_decisions`. */
@Injectable()
export class PolicyDecisionsRepository {
  async insert(db: Queryable, decisions: readonly NewDecision[]): Promise<void> {
    await db.query(
      `insert into tool_policy_decisions (at, owner, agent_id, policy_ids, tool, action, decision, code, reason, facts)
       select at, owner, agent_id, policy_ids, tool, action, decision, code, reason, facts
         from json_populate_recordset(null::tool_policy_decisions, $1::json)`,
      [JSON.stringify(decisions)],
    );
  }

  /** Newest first. */
  async findAll(
    db: Queryable,
    { owner, policyId, agentId, limit }: DecisionFilter,
  ): Promise<ToolPolicyDecisionEntity[]> {
    return db.query<ToolPolicyDecisionEntity>(
      `select decision_id, at, owner, agent_id, policy_ids, tool, action, decision, code, reason, facts
         from tool_policy_decisions
        where ($1::text is null or owner = $1) and ($2::text is null or $2 = any(policy_ids))
          and ($3::text is null or agent_id = $3)
        order by decision_id desc
        limit $4::int`,
      [owner, policyId, agentId, limit],
    );
  }

  /** @returns how many were deleted; as many as the limit: there may be more */
  async deleteBefore(db: Queryable, before: Date, limit: number): Promise<number> {
    const rows = await db.query(
      `delete from tool_policy_decisions
        where decision_id = any (array(select decision_id
                                         from tool_policy_decisions
                                        where at < $1
                                        order by at
                                        limit $2::int
                                          for update skip locked))
       returning 1 as deleted`,
      [before, limit],
    );
    return rows.length;
  }
}
