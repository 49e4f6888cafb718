/** How this process keeps the partitions of `run_events` and removes old runs. */
export interface RetentionOptions {
  /** Finished runs are kept for at least this many days; undefined: for ever. */
  readonly days: number | undefined;
  /** Most runs that one transaction deletes. */
  readonly batchRuns: number;
  /** Most node runs and events that the runs of one transaction have together; one run alone may have more. */
  readonly batchRows: number;
  /** Rest between two batches, in milliseconds. */
  readonly pauseMs: number;
  /** From the start to the first pass, in milliseconds. */
  readonly firstAfterMs: number;
  /** From the end of a pass to the next, in milliseconds. */
  readonly everyMs: number;
}

export const RETENTION_OPTIONS = Symbol('retention options');

/** What a coordinator does that was told only for how long to keep runs. */
export const RETENTION_DEFAULTS: RetentionOptions = {
  days: undefined,
  batchRuns: 200,
  batchRows: 20_000,
  pauseMs: 50,
  firstAfterMs: 30_000,
  everyMs: 3_600_000,
};
