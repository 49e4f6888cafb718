import { Inject, Injectable, Optional } from '@nestjs/common';
import { AppError, AtomicExecutorApi, CompositeExecutorApi, NodeRegistryApi } from '#contract';
import type { RequestContext } from '#contract';
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

/** Without the executor runs are accepted, but atomic node runs do not succeed. */
@Injectable()
export class AtomicExecutorCheck implements DependencyCheck {
  readonly name = 'atomic_executor';
  readonly essential = false;

  constructor(@Optional() @Inject(AtomicExecutorApi) private readonly executor: AtomicExecutorApi | undefined) {}

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
