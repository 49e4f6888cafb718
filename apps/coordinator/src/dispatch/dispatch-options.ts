/** How this process dispatches. */
export interface DispatchOptions {
  /** False: node runs stay queued until another coordinator takes them or their executor reports by itself. */
  readonly enabled: boolean;
  /** Most node runs that this process runs at once; the rest waits in `ready`. */
  readonly concurrency: number;
  /** How long a stopping process waits for what it runs, in milliseconds. */
  readonly graceMs: number;
  /** Where composite executors report to; without it they cannot. */
  readonly publicUrl: string | undefined;
}

export const DISPATCH_OPTIONS = Symbol('dispatch options');
