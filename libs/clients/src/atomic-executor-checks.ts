import { AppError } from '#contract';
import type { AtomicExecutorApi, RequestContext } from '#contract';
import type { DependencyCheck } from '#http';

/**
 * One check for each atomic executor, in the order of the setting: `atomic_executor`, or `atomic_executor_1` and so on where there are
 * several. With none, one that says so.
 */
export function atomicExecutorChecks(executors: readonly AtomicExecutorApi[]): DependencyCheck[] {
  if (executors.length < 2) return [new AtomicExecutorCheck('atomic_executor', executors[0])];
  return executors.map((executor, index) => new AtomicExecutorCheck(`atomic_executor_${index + 1}`, executor));
}

/** Without the executor the rest of a service works: what it alone could run does not. */
class AtomicExecutorCheck implements DependencyCheck {
  readonly essential = false;

  constructor(
    readonly name: string,
    private readonly executor: AtomicExecutorApi | undefined,
  ) {}

  async check(ctx: RequestContext): Promise<void> {
    if (this.executor === undefined) {
      throw new AppError('atomic_executor_unavailable', { message: 'Not configured: set JARVIS_ATOMIC_EXECUTOR_URL.' });
    }
    await this.executor.ping(ctx);
  }
}
