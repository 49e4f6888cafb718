import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { ToolPolicyEntity } from '../tables/tool-policy.entity.js';

/** Which policies to list. Null: whatever it is. */
export interface PolicyFilter {
  readonly owner: string | null;
  readonly agentId: string | null;
  readonly role: string | null;
  readonly active: boolean | null;
  readonly limit: number;
}

/** What is to be changed. Null: nothing of it. */
export interface PolicyChange {
  readonly policyId: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly spec: object | null;
  readonly specHash: string | null;
  readonly active: boolean | null;
  readonly at: Date;
}

/** Whose policies hold. */
export interface PolicyHolder {
  readonly agentId: string;
  readonly role: string;
  readonly owner: string | null;
}

export type HoldingPolicy = Pick<ToolPolicyEntity, 'policy_id' | 'spec'>;

const COLUMNS = `policy_id, owner, agent_id, role, name, description, spec, spec_hash, active, created_at, updated_at`;

/** Every statement on `tool_policies`. */
@Injectable()
export class ToolPoliciesRepository {
  async insert(db: Queryable, policy: ToolPolicyEntity): Promise<void> {
    await db.query(
      `insert into tool_policies (${COLUMNS})
       values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11)`,
      [
        policy.policy_id,
        policy.owner,
        policy.agent_id,
        policy.role,
        policy.name,
        policy.description,
        JSON.stringify(policy.spec),
        policy.spec_hash,
        policy.active,
        policy.created_at,
        policy.updated_at,
      ],
    );
  }

  /** @param owner null: of any owner */
  async find(db: Queryable, policyId: string, owner: string | null): Promise<ToolPolicyEntity | undefined> {
    const rows = await db.query<ToolPolicyEntity>(
      `select ${COLUMNS} from tool_policies where policy_id = $1 and ($2::text is null or owner = $2)`,
      [policyId, owner],
    );
    return rows[0];
  }

  /** Newest first. */
  async findAll(db: Queryable, { owner, agentId, role, active, limit }: PolicyFilter): Promise<ToolPolicyEntity[]> {
    return db.query<ToolPolicyEntity>(
      `select ${COLUMNS}
         from tool_policies
        where ($1::text is null or owner = $1) and ($2::text is null or agent_id = $2) and ($3::text is null or role = $3)
          and ($4::boolean is null or active = $4)
        order by created_at desc, policy_id desc
        limit $5::int`,
      [owner, agentId, role, active, limit],
    );
  }

  /** The active policies of an agent: its own, and those of its role that its owner or the installation has made. */
  async findHolding(db: Queryable, { agentId, role, owner }: PolicyHolder): Promise<HoldingPolicy[]> {
    return db.query<HoldingPolicy>(
      `select policy_id, spec
         from tool_policies
        where active and (agent_id = $1 or (role = $2 and (owner is null or owner = $3::text)))
        order by policy_id`,
      [agentId, role, owner],
    );
  }

  /** @returns the policy as it is then; undefined when it has gone */
  async update(db: Queryable, change: PolicyChange): Promise<ToolPolicyEntity | undefined> {
    const { policyId, name, description, spec, specHash, active, at } = change;
    const rows = await db.query<ToolPolicyEntity>(
      `update tool_policies
          set name = coalesce($2, name), description = coalesce($3, description), spec = coalesce($4::jsonb, spec),
              spec_hash = coalesce($5, spec_hash), active = coalesce($6::boolean, active), updated_at = $7
        where policy_id = $1
       returning ${COLUMNS}`,
      [policyId, name, description, spec === null ? null : JSON.stringify(spec), specHash, active, at],
    );
    return rows[0];
  }

  /** @returns whether there was one */
  async delete(db: Queryable, policyId: string, owner: string | null): Promise<boolean> {
    const rows = await db.query(
      `delete from tool_policies where policy_id = $1 and ($2::text is null or owner = $2) returning policy_id`,
      [policyId, owner],
    );
    return rows.length > 0;
  }
}
