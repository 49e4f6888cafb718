/** Where a job of the tool gateway is. */
export type JobStatus = 'queued' | 'running' | 'done' | 'failed';

/** A job, as `getJob` reads it. */
export interface Job<T = unknown> {
  readonly jobId: string;
  readonly status: JobStatus;
  /** What the tool gave, when `done`. */
  readonly result?: T;
  /** What went wrong, when `failed`. */
  readonly error?: string;
  /** Code of that. */
  readonly code?: string;
  /** RFC 3339. */
  readonly createdAt?: string;
  readonly finishedAt?: string;
}

/** A job as it is on the wire. */
export interface JobBody {
  readonly job_id?: string;
  readonly status: JobStatus;
  readonly result?: unknown;
  readonly error?: string;
  readonly code?: string;
  readonly created_at?: string;
  readonly finished_at?: string;
}

const STATUSES: readonly unknown[] = ['queued', 'running', 'done', 'failed'] satisfies JobStatus[];

export function isJobBody(body: unknown): body is JobBody {
  return typeof body === 'object' && body !== null && 'status' in body && STATUSES.includes(body.status);
}

export function presentJob<T>(jobId: string, body: JobBody): Job<T> {
  return {
    jobId: body.job_id ?? jobId,
    status: body.status,
    ...(body.result === undefined ? {} : { result: body.result as T }),
    ...(body.error === undefined ? {} : { error: body.error }),
    ...(body.code === undefined ? {} : { code: body.code }),
    ...(body.created_at === undefined ? {} : { createdAt: body.created_at }),
    ...(body.finished_at === undefined ? {} : { finishedAt: body.finished_at }),
  };
}
