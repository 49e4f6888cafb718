import { Injectable } from '@nestjs/common';
import type { Queryable } from '#database';
import type { ToolJobEntity } from '../tables/tool-job.entity.js';

/** Of a new job; the rest of the row follows from it. JSON as text: jsonb does not take every string that JSON has. */
export type NewJob = Pick<ToolJobEntity, 'job_id' | 'agent_id' | 'owner' | 'tool' | 'action' | 'correlation_id'> & {
  readonly request: string;
  readonly response_rules: string;
};

/** A job that is to be handed to the coordinator. */
export type DueJob = Pick<ToolJobEntity, 'job_id' | 'agent_id' | 'owner' | 'attempts'> & {
  readonly request: string;
  /** Whether its agent is active still. */
  readonly may_start: boolean;
};

/** What an agent may ask about. */
export type StoredJob = Pick<
  ToolJobEntity,
  'job_id' | 'agent_id' | 'owner' | 'state' | 'error_code' | 'error_message' | 'created_at' | 'finished_at'
> & {
  readonly is_submitted: boolean;
  readonly tool: string;
  readonly action: string;
  readonly response_rules: string;
  readonly result: string | null;
};

/** How a job ended. */
export type JobEnd = Pick<ToolJobEntity, 'error_code' | 'error_message'> & {
  readonly state: 'done' | 'failed';
  readonly result: string | null;
};

@Injectable()
export class JobsRepository {
  /** A job that is due at once. */
  async insert(tx: Queryable, job: NewJob): Promise<void> {
    await tx.query(
      `insert into tool_jobs (job_id, agent_id, owner, tool, action, correlation_id, request, response_rules,
                              state, due_at, attempts, created_at)
       values ($1, $2, $3, $4, $5, $6, to_jsonb($7::text), to_jsonb($8::text), 'queued', now(), 0, now())`,
      [job.job_id, job.agent_id, job.owner, job.tool, job.action, job.correlation_id, job.request, job.response_rules],
    );
  }

  /**
   * Takes jobs that are due, and passes over those that another gateway takes at this moment. Each is due again after `leaseMs` and a
   * pause that doubles from 1 s to 5 min, give or take a quarter: should this gateway end, another hands it over then.
   */
  claim(db: Queryable, { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number }): Promise<DueJob[]> {
    return db.query<DueJob>(
      `with due as (
         select job_id from tool_jobs where due_at <= now() order by due_at limit $1 for update skip locked
       )
       update tool_jobs j
          set attempts = j.attempts + 1,
              due_at = now() + $2 * interval '1 millisecond'
                       + least(power(2, least(j.attempts, 10)), 300) * (0.75 + random() / 2) * interval '1 second'
         from due
        where j.job_id = due.job_id
       returning j.job_id, j.agent_id, j.owner, j.attempts, j.request #>> '{}' as request,
                 exists (select 1 from tool_agents a where a.agent_id = j.agent_id and a.status = 'active') as may_start`,
      [limit, leaseMs],
    );
  }

  /** The coordinator has it: it is never handed over again. */
  async markSubmitted(db: Queryable, jobId: string): Promise<void> {
    await db.query(`update tool_jobs set due_at = null, request = null where job_id = $1`, [jobId]);
  }

  /** The coordinator is known not to have it: it is due after the pause alone. */
  async postpone(db: Queryable, jobId: string, leaseMs: number): Promise<void> {
    await db.query(
      `update tool_jobs set due_at = due_at - $2 * interval '1 millisecond' where job_id = $1 and due_at is not null`,
      [jobId, leaseMs],
    );
  }

  /** Of an active agent; those of others are readable to nobody. */
  async find(db: Queryable, jobId: string): Promise<StoredJob | undefined> {
    const [row] = await db.query<StoredJob>(
      `select j.job_id, j.agent_id, j.owner, j.tool, j.action, j.state, j.due_at is null as is_submitted,
              j.response_rules #>> '{}' as response_rules, j.result #>> '{}' as result,
              j.error_code, j.error_message, j.created_at, j.finished_at
         from tool_jobs j
         join tool_agents a on a.agent_id = j.agent_id
        where j.job_id = $1 and a.status = 'active'`,
      [jobId],
    );
    return row;
  }

  async markRunning(db: Queryable, jobId: string): Promise<void> {
    await db.query(`update tool_jobs set state = 'running' where job_id = $1 and state = 'queued'`, [jobId]);
  }

  /** The first end stands. */
  async finish(db: Queryable, jobId: string, { state, result, error_code, error_message }: JobEnd): Promise<void> {
    await db.query(
      `update tool_jobs
          set state = $2, result = to_jsonb($3::text), error_code = $4, error_message = $5, finished_at = now(),
              due_at = null, request = null
        where job_id = $1 and finished_at is null`,
      [jobId, state, result, error_code, error_message],
    );
  }
}
