import { Injectable } from '@nestjs/common';
import { CompositeExecutorApi, NodeRegistryApi } from '#contract';
import type { PolicyDecisionApi, RequestContext } from '#contract';
import type { DependencyCheck } from '#http';

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
