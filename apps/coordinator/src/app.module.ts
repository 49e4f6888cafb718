import { Global, Module } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { AuthModule, FORWARDERS } from '#auth';
import type { AuthRules } from '#auth';
import { atomicExecutorChecks } from '#clients';
import { CompositeExecutorApi, NodeRegistryApi } from '#contract';
import { Database, DatabaseCheck } from '#database';
import { HealthModule, LOGGER } from '#http';
import type { DependencyCheck, Logger, ServiceDescription } from '#http';
import { PolicyCheckpoint } from '#policy';
import { ASSIGNMENT_SECRET } from './assignments/assignment-tokens.service.js';
import { APPROVAL_WEBHOOK, ApprovalWebhook } from './approvals/approval-webhook.js';
import { ApprovalsModule } from './approvals/approvals.module.js';
import { AssignmentsModule } from './assignments/assignments.module.js';
import { AtomicExecutors } from './atomic-executors/atomic-executors.js';
import { DISPATCH_OPTIONS } from './dispatch/dispatch-options.js';
import type { DispatchOptions } from './dispatch/dispatch-options.js';
import { DispatchModule } from './dispatch/dispatch.module.js';
import { CompositeExecutorCheck, NodeRegistryCheck } from './health/dependency-checks.js';
import { ListingsModule } from './listings/listings.module.js';
import { APPROVAL_OPTIONS } from './lifecycle/approval-options.js';
import type { ApprovalOptions } from './lifecycle/approval-options.js';
import { DocumentLimits } from './node-runs/document-limits.js';
import { NodeRunsModule } from './node-runs/node-runs.module.js';
import { EXTENSIONS_PREFIX } from './presentation/extensions-prefix.js';
import { RecoveryModule } from './recovery/recovery.module.js';
import { RUN_STORE_OPTIONS } from './run-store/run-store-options.js';
import type { RunStoreOptions } from './run-store/run-store-options.js';
import { RETENTION_OPTIONS } from './retention/retention-options.js';
import type { RetentionOptions } from './retention/retention-options.js';
import { RetentionModule } from './retention/retention.module.js';
import { RunsModule } from './runs/runs.module.js';

/** What the coordinator is given: in one process with its peers, or with their HTTP clients. */
export interface CoordinatorDependencies {
  readonly database: Database;
  readonly policy: PolicyCheckpoint;
  /** Of what decides behind the checkpoint. */
  readonly policyChecks: readonly DependencyCheck[];
  readonly executors: AtomicExecutors;
  readonly compositeExecutor: CompositeExecutorApi | undefined;
  readonly nodeRegistry: NodeRegistryApi | undefined;
  /** Signs assignment tokens; undefined: the secret of the database does. */
  readonly assignmentSecret: string | undefined;
  readonly dispatch: DispatchOptions;
  readonly runStore: RunStoreOptions;
  readonly limits: DocumentLimits;
  readonly approvals: ApprovalOptions;
  /** Is told of approvals, if there is one. */
  readonly approvalWebhook: ApprovalWebhook | undefined;
  /** Clients that pass requests of others on. */
  readonly forwarders: readonly string[];
  /** Of the extension keys that the coordinator writes. */
  readonly extensionsPrefix: string;
  readonly retention: RetentionOptions;
  readonly auth: AuthRules;
  readonly logger: Logger;
}

@Global()
@Module({})
class DependenciesModule {
  static of(dependencies: CoordinatorDependencies): DynamicModule {
    const providers: Provider[] = [
      { provide: Database, useValue: dependencies.database },
      { provide: PolicyCheckpoint, useValue: dependencies.policy },
      { provide: AtomicExecutors, useValue: dependencies.executors },
      { provide: CompositeExecutorApi, useValue: dependencies.compositeExecutor },
      { provide: NodeRegistryApi, useValue: dependencies.nodeRegistry },
      { provide: ASSIGNMENT_SECRET, useValue: dependencies.assignmentSecret },
      { provide: DISPATCH_OPTIONS, useValue: dependencies.dispatch },
      { provide: RUN_STORE_OPTIONS, useValue: dependencies.runStore },
      { provide: DocumentLimits, useValue: dependencies.limits },
      { provide: APPROVAL_OPTIONS, useValue: dependencies.approvals },
      { provide: APPROVAL_WEBHOOK, useValue: dependencies.approvalWebhook },
      { provide: FORWARDERS, useValue: dependencies.forwarders },
      { provide: EXTENSIONS_PREFIX, useValue: dependencies.extensionsPrefix },
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
        AuthModule.of(dependencies.auth, dependencies.logger, [AssignmentsModule]),
        HealthModule.of(service, [
          DatabaseCheck,
          ...atomicExecutorChecks(dependencies.executors.all),
          ...(dependencies.compositeExecutor === undefined ? [] : [CompositeExecutorCheck]),
          ...(dependencies.nodeRegistry === undefined ? [] : [NodeRegistryCheck]),
          ...dependencies.policyChecks,
        ]),
        RunsModule,
        ListingsModule,
        NodeRunsModule,
        ApprovalsModule,
        DispatchModule,
        RecoveryModule,
        RetentionModule,
      ],
    };
  }
}
