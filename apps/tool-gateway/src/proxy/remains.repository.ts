import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';

/** What is old in the tables of calls and jobs, some rows at a time, passing over those that somebody has locked. */
@Injectable()
export class RemainsRepository {
  /** @returns how many were deleted */
  deleteCalls(db: Queryable, before: Date, limit: number): Promise<number> {
    return count(
      db,
      `delete from tool_calls where call_id in (
         select call_id from tool_calls where at < $1 order by at limit $2 for update skip locked
       ) returning 1`,
      [before, limit],
    );
  }

  /** Those that the coordinator has not been given are not old, whatever their age. */
  deleteJobs(db: Queryable, before: Date, limit: number): Promise<number> {
    return count(
      db,
      `delete from tool_jobs where job_id in (
         select job_id from tool_jobs where created_at < $1 and due_at is null order by created_at limit $2 for update skip locked
       ) returning 1`,
      [before, limit],
    );
  }

  deleteAnswers(db: Queryable, limit: number): Promise<number> {
    return count(
      db,
      `delete from tool_answers where (agent_id, key_hash) in (
         select agent_id, key_hash from tool_answers where expires_at < now() order by expires_at limit $1 for update skip locked
       ) returning 1`,
      [limit],
    );
  }

  /** Windows that ended an hour ago. */
  deleteRateLimits(db: Queryable, limit: number): Promise<number> {
    return count(
      db,
      `delete from tool_rate_limits where key in (
         select key from tool_rate_limits where expire < (extract(epoch from now()) - 3600) * 1000 limit $1 for update skip locked
       ) returning 1`,
      [limit],
    );
  }
}

async function count(db: Queryable, statement: string, parameters: readonly unknown[]): Promise<number> {
  return (await db.query(statement, parameters)).length;
}
