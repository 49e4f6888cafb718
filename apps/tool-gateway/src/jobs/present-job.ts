import type { JobAnswer } from './job-answer.js';
import type { StoredJob } from './jobs.repository.js';

export function presentJob(job: StoredJob): JobAnswer {
  return {
    job_id: job.job_id,
    status: job.state,
    ...(job.result === null ? {} : { result: JSON.parse(job.result) as Record<string, unknown> }),
    ...(job.error_message === null ? {} : { error: job.error_message }),
    ...(job.error_code === null ? {} : { code: job.error_code }),
    created_at: job.created_at.toISOString(),
    ...(job.finished_at === null ? {} : { finished_at: job.finished_at.toISOString() }),
  };
}
