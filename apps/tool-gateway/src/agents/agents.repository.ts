import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { ToolAgentKeyEntity } from '../tables/tool-agent-key.entity.js';
import type { ToolAgentEntity } from '../tables/tool-agent.entity.js';

/** Which agents to find. */
export interface AgentsPage {
  /** Null: of any owner. */
  readonly owner: string | null;
  /** Only older ones: the last agent of the page before. */
  readonly olderThan: { readonly createdAt: string; readonly id: string };
  readonly limit: number;
}

/** What is to change; null: stays as it is. */
export type AgentChange = Readonly<Record<'status' | 'name' | 'role', string | null>> & { readonly at: Date };

const COLUMNS = `a.agent_id, a.owner, a.name, a.role, a.created_by, a.status, a.created_at, a.updated_at`;

/** Every statement on `tool_agents` and `tool_agent_keys` that manages them. */
@Injectable()
export class AgentsRepository {
  async insertAgent(tx: Queryable, agent: ToolAgentEntity): Promise<void> {
    await tx.query(
      `insert into tool_agents (agent_id, owner, name, role, created_by, status, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        agent.agent_id,
        agent.owner,
        agent.name,
        agent.role,
        agent.created_by,
        agent.status,
        agent.created_at,
        agent.updated_at,
      ],
    );
  }

  async findAgent(db: Queryable, agentId: string): Promise<ToolAgentEntity | undefined> {
    const rows = await db.query<ToolAgentEntity>(`select ${COLUMNS} from tool_agents a where a.agent_id = $1`, [
      agentId,
    ]);
    return rows[0];
  }

  /** Newest first. */
  async findPage(db: Queryable, page: AgentsPage): Promise<ToolAgentEntity[]> {
    return db.query<ToolAgentEntity>(
      `select ${COLUMNS}
         from tool_agents a
        where ($1::text is null or a.owner = $1) and (a.created_at, a.agent_id) < ($2::timestamptz, $3::text)
        order by a.created_at desc, a.agent_id desc
        limit $4::int`,
      [page.owner, page.olderThan.createdAt, page.olderThan.id, page.limit],
    );
  }

  async updateAgent(db: Queryable, agentId: string, change: AgentChange): Promise<void> {
    await db.query(
      `update tool_agents
          set status = coalesce($2, status), name = coalesce($3, name), role = coalesce($4, role), updated_at = $5
        where agent_id = $1`,
      [agentId, change.status, change.name, change.role, change.at],
    );
  }

  /** Until the transaction ends nobody else changes the keys of this agent. */
  async lockAgent(tx: Queryable, agentId: string): Promise<void> {
    await tx.query(`select 1 from tool_agents where agent_id = $1 for no key update`, [agentId]);
  }

  /** A key that is there already stays as it is. */
  async insertKey(tx: Queryable, key: ToolAgentKeyEntity): Promise<void> {
    await tx.query(
      `insert into tool_agent_keys (agent_id, key_id, algorithm, public_jwk, created_at) values ($1, $2, $3, $4, $5)
       on conflict (agent_id, key_id) do nothing`,
      [key.agent_id, key.key_id, key.algorithm, key.public_jwk, key.created_at],
    );
  }

  /** Oldest first. */
  async findKeys(db: Queryable, agentIds: readonly string[]): Promise<ToolAgentKeyEntity[]> {
    return db.query<ToolAgentKeyEntity>(
      `select agent_id, key_id, algorithm, public_jwk, created_at
         from tool_agent_keys
        where agent_id = any($1::text[])
        order by created_at, key_id`,
      [agentIds],
    );
  }

  /** @returns whether it was there */
  async deleteKey(db: Queryable, agentId: string, keyId: string): Promise<boolean> {
    const rows = await db.query(`delete from tool_agent_keys where agent_id = $1 and key_id = $2 returning 1`, [
      agentId,
      keyId,
    ]);
    return rows.length > 0;
  }
}
