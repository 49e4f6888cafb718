import { Inject, Injectable, Optional } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { peerAnswerOf, wasNotSent, wasTurnedAway } from '#clients';
import { AppError, RunsApi } from '#contract';
import type { RunStartRequest } from '#contract';
import { Database, DueRows } from '#database';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { inactiveAgent } from '../tokens/token-facts.js';
import { jobContext } from './job-identity.js';
import { JobsRepository } from './jobs.repository.js';
import type { DueJob } from './jobs.repository.js';

const LOOK_MS = 1_000;
const AT_ONCE = 50;
/** Longer than a coordinator usually takes to answer. Two gateways that hand the same job over do no harm, and no good. */
const LEASE_MS = 10_000;
/** What a coordinator has nothing against tomorrow either, when it is refused today. */
const PASSING = [401, 403, 404, 408, 429];

/**
 * Hands jobs to the coordinator: at once, and again until it has them, by whatever gateway is alive. A job is a run of the same id, so a
 * coordinator that is given it twice has it once.
 */
@Injectable()
export class JobSubmissionService implements OnApplicationBootstrap, OnModuleDestroy {
  private due: DueRows | undefined;

  constructor(
    private readonly database: Database,
    private readonly repository: JobsRepository,
    @Optional() @Inject(RunsApi) private readonly runs: RunsApi | undefined,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const { runs } = this;
    if (runs === undefined) return;
    this.due = new DueRows({
      lookMs: LOOK_MS,
      atOnce: AT_ONCE,
      take: (signal) => this.submitDue(runs, signal),
      onFailure: (error) => this.logger.warn({ err: error }, 'looking for jobs to hand over failed'),
    });
    this.due.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.due?.stop();
  }

  /** There is a job that was not there before. */
  announce(): void {
    this.due?.announce();
  }

  private async submitDue(runs: RunsApi, signal: AbortSignal): Promise<number> {
    const jobs = await this.repository.claim(this.database, { limit: AT_ONCE, leaseMs: LEASE_MS });
    await Promise.all(jobs.map((job) => this.submit(runs, job, signal)));
    return jobs.length;
  }

  private async submit(runs: RunsApi, job: DueJob, signal: AbortSignal): Promise<void> {
    const { job_id, agent_id, owner, attempts } = job;
    const ctx = jobContext({ agentId: agent_id, owner }, job_id, signal);
    // Somebody has stopped the agent while its job waited for the coordinator.
    if (!job.may_start) return this.refuse(job, inactiveAgent(agent_id));
    try {
      await runs.startRun(ctx, JSON.parse(job.request) as RunStartRequest);
      await this.repository.markSubmitted(this.database, job_id);
    } catch (error) {
      // What was given up when this process stops is handed over by another, or by the next.
      if (signal.aborted) return;
      if (isRefusal(error)) return this.refuse(job, error);
      this.logger.warn({ err: error, job_id, attempts }, 'a job could not be handed over; it is tried again');
      const isElsewhere = !wasNotSent(error) && !wasTurnedAway(error) && peerAnswerOf(error) === undefined;
      if (isElsewhere) return;
      await this.repository.postpone(this.database, job_id, LEASE_MS).catch(() => undefined);
    }
  }

  /** It is never handed over, or never taken. */
  private async refuse({ job_id }: DueJob, error: AppError): Promise<void> {
    this.logger.error({ err: error, job_id, code: error.code }, 'a job is refused');
    const end = { state: 'failed', result: null, error_code: error.code, error_message: error.message } as const;
    await this.repository.finish(this.database, job_id, end).catch((failure: unknown) => {
      this.logger.warn({ err: failure, job_id }, 'a refused job could not be ended; it is tried again');
    });
  }
}

function isRefusal(error: unknown): error is AppError {
  return error instanceof AppError && !error.retryable && error.status < 500 && !PASSING.includes(error.status);
}
