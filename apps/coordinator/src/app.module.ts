import { Global, Module } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { AtomicExecutorApi } from '#contract';
import { Database } from '#database';
import { HealthModule, LOGGER } from '#http';
import type { Logger, ServiceDescription } from '#http';
import { PolicyCheckpoint } from '#policy';
import { DISPATCH_OPTIONS } from './dispatch/dispatch-options.js';
import type { DispatchOptions } from './dispatch/dispatch-options.js';
import { DispatchModule } from './dispatch/dispatch.module.js';
import { AtomicExecutorCheck, DatabaseCheck } from './health/dependency-checks.js';
import { NodeRunsModule } from './node-runs/node-runs.module.js';
import { RETENTION_OPTIONS } from './retention/retention-options.js';
import type { RetentionOptions } from './retention/retention-options.js';
import { RetentionModule } from './retention/retention.module.js';
import { RunsModule } from './runs/runs.module.js';

/** What the coordinator is given: in one process with its peers, or with their HTTP clients. */
export interface CoordinatorDependencies {
  readonly database: Database;
  readonly policy: PolicyCheckpoint;
  readonly executor: AtomicExecutorApi | undefined;
  readonly dispatch: DispatchOptions;
  readonly retention: RetentionOptions;
  readonly logger: Logger;
}

@Global()
@Module({})
class DependenciesModule {
  static of(dependencies: CoordinatorDependencies): DynamicModule {
    const providers: Provider[] = [
      { provide: Database, useValue: dependencies.database },
      { provide: PolicyCheckpoint, useValue: dependencies.policy },
      { provide: AtomicExecutorApi, useValue: dependencies.executor },
      { provide: DISPATCH_OPTIONS, useValue: dependencies.dispatch },
      { provide: RETENTION_OPTIONS, useValue: dependencies.retention },
      { provide: LOGGER, useValue: dependencies.logger },
    ];
    return { module: DependenciesModule, providers, exports: providers };
  }
}

@Module({})
export class CoordinatorModule {
  static of(service: ServiceDescription, dependencies: CoordinatorDependencies): DynamicModule {
    return {
      module: CoordinatorModule,
      imports: [
        DependenciesModule.of(dependencies),
        HealthModule.of(service, [DatabaseCheck, AtomicExecutorCheck]),
        RunsModule,
        NodeRunsModule,
        DispatchModule,
        RetentionModule,
      ],
    };
  }
}
