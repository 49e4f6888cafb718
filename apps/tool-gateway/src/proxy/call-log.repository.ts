import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { ToolCallEntity } from '../tables/tool-call.entity.js';

/** Which calls to list, newest first; what is undefined does not restrict. */
export interface CallFilter {
  readonly owner: string | undefined;
  readonly agentId: string | undefined;
  readonly limit: number;
}

@Injectable()
export class CallLogRepository {
  async insert(db: Queryable, calls: readonly ToolCallEntity[]): Promise<void> {
    await db.query(
      `insert into tool_calls (call_id, at, owner, agent_id, correlation_id, tool, action, status, code, duration_ms, cached, job_id)
       select call_id, at, owner, agent_id, correlation_id, tool, action, status, code, duration_ms, cached, job_id
         from json_populate_recordset(null::tool_calls, $1::json)`,
      [JSON.stringify(calls)],
    );
  }

  findPage(db: Queryable, { owner, agentId, limit }: CallFilter): Promise<ToolCallEntity[]> {
    const parameters: unknown[] = [limit];
    const conditions = [
      ...(owner === undefined ? [] : [`owner = $${parameters.push(owner)}`]),
      ...(agentId === undefined ? [] : [`agent_id = $${parameters.push(agentId)}`]),
    ];
    const where = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
    return db.query<ToolCallEntity>(
      `select * from tool_calls${where} order by at desc, call_id desc limit $1`,
      parameters,
    );
  }
}
