/** How this process dispatches. */
export interface DispatchOptions {
  /** False: node runs stay queued until another coordinator takes them or their executor reports by itself. */
  readonly enabled: boolean;
  /** Most node runs that this process runs at once; the rest waits in `ready`. */
  readonly concurrency: number;
  /** How long a stopping process waits for what it runs, in milliseconds. */
  readonly graceMs: number;
  /** Executions in all of a node run that fails with a retryable error, where its node type has no retry policy. */
  readonly maxAttempts: number;
  /** Executions in all of which nobody knows the end, the executor or the coordinator being lost, and times in a row that no executor is reached. */
  readonly unavailableAttempts: number;
  /** What composite executors call this coordinator. */
  readonly publicUrl: string | undefined;
  /** How long a composite executor may work on a node run, in milliseconds. */
  readonly compositeTimeoutMs: number;
}

export const DISPATCH_OPTIONS = Symbol('dispatch options');
