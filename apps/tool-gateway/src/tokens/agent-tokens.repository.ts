import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { ToolAgentEntity } from '../tables/tool-agent.entity.js';
import type { ToolTokenEntity } from '../tables/tool-token.entity.js';
import type { ToolUsedIdEntity } from '../tables/tool-used-id.entity.js';

/** Which tokens to find. */
export interface TokensPage {
  /** Null: of agents of any owner. */
  readonly owner: string | null;
  /** Null: of any agent. */
  readonly agentId: string | null;
  /** Only older ones: the last token of the page before. */
  readonly olderThan: { readonly createdAt: string; readonly id: string };
  readonly limit: number;
}

/** A token with its agent, as both are now. */
export type TokenInUse = Pick<ToolTokenEntity, 'token_hash' | 'revoked_at'> &
  Pick<ToolAgentEntity, 'name' | 'role' | 'owner' | 'status'>;

const COLUMNS = `t.token_id, t.agent_id, t.token_hash, t.tools, t.permissions, t.intent, t.dpop_jkt, t.issued_at, t.expires_at, t.revoked_at`;

/** Every statement on `tool_tokens` and `tool_used_ids`. */
@Injectable()
export class AgentTokensRepository {
  async insertToken(tx: Queryable, token: ToolTokenEntity): Promise<void> {
    await tx.query(
      `insert into tool_tokens (token_id, agent_id, token_hash, tools, permissions, intent, dpop_jkt, issued_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        token.token_id,
        token.agent_id,
        token.token_hash,
        token.tools,
        token.permissions,
        token.intent,
        token.dpop_jkt,
        token.issued_at,
        token.expires_at,
      ],
    );
  }

  async findInUse(db: Queryable, tokenId: string, agentId: string): Promise<TokenInUse | undefined> {
    const rows = await db.query<TokenInUse>(
      `select t.token_hash, t.revoked_at, a.name, a.role, a.owner, a.status
         from tool_tokens t join tool_agents a on a.agent_id = t.agent_id
        where t.token_id = $1 and t.agent_id = $2`,
      [tokenId, agentId],
    );
    return rows[0];
  }

  /** Newest first. */
  async findPage(db: Queryable, page: TokensPage): Promise<ToolTokenEntity[]> {
    return db.query<ToolTokenEntity>(
      `select ${COLUMNS}
         from tool_tokens t join tool_agents a on a.agent_id = t.agent_id
        where ($1::text is null or a.owner = $1) and ($2::text is null or t.agent_id = $2)
          and (t.issued_at, t.token_id) < ($3::timestamptz, $4::text)
        order by t.issued_at desc, t.token_id desc
        limit $5::int`,
      [page.owner, page.agentId, page.olderThan.createdAt, page.olderThan.id, page.limit],
    );
  }

  /** The first time stays. @returns when it was revoked; undefined when there is none of this owner (null: of any) */
  async revoke(db: Queryable, tokenId: string, owner: string | null, at: Date): Promise<Date | undefined> {
    const rows = await db.query<{ revoked_at: Date }>(
      `update tool_tokens t
          set revoked_at = coalesce(t.revoked_at, $3)
         from tool_agents a
        where t.token_id = $1 and a.agent_id = t.agent_id and ($2::text is null or a.owner = $2)
        returning t.revoked_at`,
      [tokenId, owner, at],
    );
    return rows[0]?.revoked_at;
  }

  /** Waits for another transaction that is using it. @returns whether it is the first use, in all processes */
  async useId(db: Queryable, used: ToolUsedIdEntity): Promise<boolean> {
    const rows = await db.query(
      `insert into tool_used_ids (kind, id_hash, expires_at) values ($1, $2, $3)
       on conflict (kind, id_hash) do nothing
       returning 1`,
      [used.kind, used.id_hash, used.expires_at],
    );
    return rows.length > 0;
  }

  /** @returns how many it deleted; fewer than `limit`: all that there were */
  async deleteTokens(db: Queryable, expiredBefore: Date, limit: number): Promise<number> {
    const rows = await db.query(
      `delete from tool_tokens
        where token_id in (select token_id from tool_tokens where expires_at < $1 order by expires_at limit $2::int)
        returning 1`,
      [expiredBefore, limit],
    );
    return rows.length;
  }

  /** @returns as `deleteTokens` */
  async deleteUsedIds(db: Queryable, expiredBefore: Date, limit: number): Promise<number> {
    const rows = await db.query(
      `delete from tool_used_ids
        where (kind, id_hash) in (select kind, id_hash from tool_used_ids where expires_at < $1 order by expires_at limit $2::int)
        returning 1`,
      [expiredBefore, limit],
    );
    return rows.length;
  }
}
