import { Injectable } from '@nestjs/common';
import { AppError, CompositeExecutorApi, NodeRegistryApi } from '#contract';
import type { AtomicExecutorApi, PolicyDecisionApi, RequestContext } from '#contract';
import { Database } from '#database';
import type { DependencyCheck } from '#http';

/** Nothing works without the database. */
@Injectable()
export class DatabaseCheck implements DependencyCheck {
  readonly name = 'database';
  readonly essential = true;

  constructor(private readonly database: Database) {}

  check(): Promise<void> {
    return this.database.ping();
  }
}

/**
 * One check for each atomic executor, in the order of the setting: `atomic_executor`, or `atomic_executor_1` and so on where there are
 * several. With none, one that says so.
 */
export function atomicExecutorChecks(executors: readonly AtomicExecutorApi[]): DependencyCheck[] {
  if (executors.length < 2) return [new AtomicExecutorCheck('atomic_executor', executors[0])];
  return executors.map((executor, index) => new AtomicExecutorCheck(`atomic_executor_${index + 1}`, executor));
}

/** Without the executor runs are accepted, but atomic node runs that it alone could run do not succeed. */
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

/** Without it composite node runs wait or fail. Checked when it is configured. */
@Injectable()
export class CompositeExecutorCheck implements DependencyCheck {
  readonly name = 'composite_executor';
  readonly essential = false;

  constructor(private readonly executor: CompositeExecutorApi) {}

  check(ctx: RequestContext): Promise<void> {
    return this.executor.ping(ctx);
  }
}

/** Without it nothing is known of node types that are not known yet. Checked when it is configured. */
@Injectable()
export class NodeRegistryCheck implements DependencyCheck {
  readonly name = 'node_registry';
  readonly essential = false;

  constructor(private readonly registry: NodeRegistryApi) {}

  check(ctx: RequestContext): Promise<void> {
    return this.registry.ping(ctx);
  }
}

/** Without it everything is denied. */
export class PolicyDecisionPointCheck implements DependencyCheck {
  readonly name = 'pdp';
  readonly essential = false;

  constructor(private readonly pdp: PolicyDecisionApi) {}

  check(ctx: RequestContext): Promise<void> {
    return this.pdp.ping(ctx);
  }
}
