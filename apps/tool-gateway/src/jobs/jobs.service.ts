import { Inject, Injectable, Optional } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { AppError, RunsApi } from '#contract';
import type { ConstraintEnvelope, NodeRun, RequestContext, Run, RunStartRequest } from '#contract';
import { Database } from '#database';
import type { Transaction } from '#database';
import type { ToolAction } from '../tools/tool-action.js';
import { failed, jobEndOf } from './job-end.js';
import type { JobRules } from './job-end.js';
import { jobPrincipal, runContextOf } from './job-identity.js';
import type { Caller } from './job-identity.js';
import { JobSubmissionService } from './job-submission.service.js';
import { JobsRepository } from './jobs.repository.js';
import type { JobEnd, StoredJob } from './jobs.repository.js';

/** A call that everything was found right with. */
export interface JobRequest extends Caller {
  readonly action: ToolAction;
  readonly params: Record<string, unknown>;
  readonly constraints: ConstraintEnvelope;
  readonly correlationId: string;
  readonly rules: JobRules;
}

const ENDED = ['succeeded', 'failed', 'canceled'];

/** Asynchronous calls: rows of ours, and runs of the coordinator, which does the work. */
@Injectable()
export class JobsService {
  constructor(
    private readonly database: Database,
    private readonly repository: JobsRepository,
    private readonly submission: JobSubmissionService,
    @Optional() @Inject(RunsApi) private readonly runs: RunsApi | undefined,
  ) {}

  /** @throws AppError jobs_unconfigured */
  requireRuns(): RunsApi {
    if (this.runs === undefined) throw new AppError('jobs_unconfigured');
    return this.runs;
  }

  /**
   * Takes a call on, with the commit of the transaction: from then on it is not lost.
   *
   * @returns the id of the job
   */
  async accept(tx: Transaction, { action, params, constraints, ...job }: JobRequest): Promise<string> {
    const jobId = `job_${randomUUID()}`;
    const request: RunStartRequest = {
      run_id: jobId,
      root_node_type_ref: action.nodeType,
      input: params,
      run_context: runContextOf(job),
      constraints,
    };
    await this.repository.insert(tx, {
      job_id: jobId,
      agent_id: job.agentId,
      owner: job.owner,
      tool: action.tool,
      action: action.action,
      correlation_id: job.correlationId,
      request: JSON.stringify(request),
      response_rules: JSON.stringify(job.rules),
    });
    tx.afterCommit(() => this.submission.announce());
    return jobId;
  }

  /**
   * A job as it is now.
   *
   * @param agentId who asks; undefined where whoever knows the id may
   * @throws AppError job_not_found, also for the job of another agent; run_coordinator_unavailable
   */
  async read(ctx: RequestContext, jobId: string, agentId: string | undefined): Promise<StoredJob> {
    const job = jobId.includes('\0') ? undefined : await this.repository.find(this.database, jobId);
    if (job === undefined || (agentId !== undefined && job.agent_id !== agentId)) throw new AppError('job_not_found');
    if (job.finished_at !== null || !job.is_submitted) return job;
    const { state, end } = await this.progressOf(ctx, job);
    if (end === undefined) {
      if (state === 'running' && job.state === 'queued') await this.repository.markRunning(this.database, jobId);
      return { ...job, state };
    }
    await this.repository.finish(this.database, jobId, end);
    return (await this.repository.find(this.database, jobId)) ?? job;
  }

  private async progressOf(
    ctx: RequestContext,
    job: StoredJob,
  ): Promise<{ state: 'queued' | 'running'; end?: JobEnd }> {
    const runs = this.requireRuns();
    const asOwner = { ...ctx, principal: jobPrincipal({ agentId: job.agent_id, owner: job.owner }) };
    let run: Run;
    try {
      run = await runs.getRun(asOwner, job.job_id);
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'run_not_found')) throw error;
      return {
        state: 'running',
        end: failed('run_not_found', 'The coordinator does not have the run of this job any more.'),
      };
    }
    if (!ENDED.includes(run.state)) return { state: run.state === 'running' ? 'running' : 'queued' };
    const root = await this.rootOf(runs, asOwner, run);
    return { state: 'running', end: jobEndOf(run, root, JSON.parse(job.response_rules) as JobRules) };
  }

  private async rootOf(runs: RunsApi, ctx: RequestContext, run: Run): Promise<NodeRun | undefined> {
    // The root is the oldest.
    const { node_runs } = await runs.listNodeRuns(ctx, run.run_id, { limit: 1 });
    return node_runs.find(({ node_run_id }) => node_run_id === run.root_node_run_id);
  }
}
