import { Global, Module } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { AuthModule } from '#auth';
import type { AuthRules } from '#auth';
import { atomicExecutorChecks, RunCoordinatorCheck } from '#clients';
import { RunsApi } from '#contract';
import type { AtomicExecutorApi } from '#contract';
import { Database, DatabaseCheck } from '#database';
import { HealthModule, LOGGER } from '#http';
import type { Logger, ServiceDescription } from '#http';
import { ToolPoliciesModule } from './policies/tool-policies.module.js';
import { AgentsModule } from './agents/agents.module.js';
import { ProxyModule } from './proxy/proxy.module.js';
import { CredentialsModule } from './credentials/credentials.module.js';
import { TokensModule } from './tokens/tokens.module.js';
import { TOOL_EXECUTORS } from './tool-executors.js';
import { TOOL_GATEWAY_OPTIONS } from './tool-gateway-options.js';
import type { ToolGatewayOptions } from './tool-gateway-options.js';

/** What the tool gateway is given: in one process with its peers, or with their HTTP clients. */
export interface ToolGatewayDependencies {
  readonly database: Database;
  /** Run the tools; the first that offers a node type is asked. */
  readonly executors: readonly AtomicExecutorApi[];
  /** Runs jobs, if there is one. */
  readonly runs: RunsApi | undefined;
  readonly options: ToolGatewayOptions;
  readonly auth: AuthRules;
  readonly logger: Logger;
}

@Global()
@Module({})
class DependenciesModule {
  static of({ database, executors, runs, options, logger }: ToolGatewayDependencies): DynamicModule {
    const providers: Provider[] = [
      { provide: Database, useValue: database },
      { provide: TOOL_EXECUTORS, useValue: executors },
      { provide: RunsApi, useValue: runs },
      { provide: TOOL_GATEWAY_OPTIONS, useValue: options },
      { provide: LOGGER, useValue: logger },
    ];
    return { module: DependenciesModule, providers, exports: providers };
  }
}

@Module({})
export class ToolGatewayModule {
  static of(service: ServiceDescription, dependencies: ToolGatewayDependencies): DynamicModule {
    const { executors, runs, auth, logger } = dependencies;
    return {
      module: ToolGatewayModule,
      imports: [
        DependenciesModule.of(dependencies),
        AuthModule.of(auth, logger),
        AgentsModule,
        TokensModule,
        ProxyModule,
        CredentialsModule,
        HealthModule.of(service, [
          DatabaseCheck,
          ...atomicExecutorChecks(executors),
          ...(runs === undefined ? [] : [new RunCoordinatorCheck(runs, false)]),
        ]),
        ToolPoliciesModule,
      ],
    };
  }
}
