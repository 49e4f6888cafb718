import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { ToolQuotaUseEntity } from '../tables/tool-quota-use.entity.js';

/** The uses of one action by one agent. */
export interface QuotaKey {
  readonly agentId: string;
  readonly scope: string;
}

/** One quota, as the rows are asked. */
export interface QuotaQuestion {
  /** Uses from then on count. */
  readonly since: Date;
  readonly limit: number;
}

/** A quota that is used up. */
export interface UsedUp {
  /** Its place among those asked, from 0. */
  readonly place: number;
  /** The newest use that has to leave before there is room again. */
  readonly at: Date;
}

/** Every statement on `tool_quota_uses`. */
@Injectable()
export class ToolQuotasRepository {
  /**
   * Until the transaction ends, nobody else charges this agent for this action. A statement of its own before those that count: a
   * statement sees what was committed when it began, which would be before it had waited for the lock.
   */
  async lock(tx: Queryable, { agentId, scope }: QuotaKey): Promise<void> {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('tool-quota ' || $1::text || ' ' || $2::text, 0))`, [
      agentId,
      scope,
    ]);
  }

  /** Of each question that has as many uses as its limit. Reads as many entries of the index as the limit. */
  async findUsedUp(tx: Queryable, { agentId, scope }: QuotaKey, quotas: readonly QuotaQuestion[]): Promise<UsedUp[]> {
    return tx.query<UsedUp>(
      `select q.place::int - 1 as place, u.at
         from unnest($3::timestamptz[], $4::int[]) with ordinality as q (since, quota, place)
        cross join lateral (select at
                              from tool_quota_uses
                             where agent_id = $1 and scope = $2 and at >= q.since
                             order by at desc
                            offset q.quota - 1
                             limit 1) u`,
      [agentId, scope, quotas.map(({ since }) => since.toISOString()), quotas.map(({ limit }) => limit)],
    );
  }

  async insert(tx: Queryable, use: ToolQuotaUseEntity): Promise<void> {
    await tx.query(`insert into tool_quota_uses (agent_id, scope, at, use_id) values ($1, $2, $3, $4)`, [
      use.agent_id,
      use.scope,
      use.at,
      use.use_id,
    ]);
  }

  /** @returns how many were deleted; as many as the limit: there may be more */
  async deleteBefore(db: Queryable, before: Date, limit: number): Promise<number> {
    const rows = await db.query(
      `delete from tool_quota_uses
        where (agent_id, scope, at, use_id) in (select agent_id, scope, at, use_id
                                                  from tool_quota_uses
                                                 where at < $1
                                                 order by at
                                                 limit $2::int
                                                   for update skip locked)
       returning 1 as deleted`,
      [before, limit],
    );
    return rows.length;
  }
}
