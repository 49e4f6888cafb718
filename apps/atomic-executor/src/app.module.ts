import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AuthModule } from '#auth';
import type { AuthRules } from '#auth';
import { HealthModule } from '#http';
import type { CredentialsApi } from '#contract';
import type { Logger, ServiceDescription } from '#http';
import type { LoadedPacks } from '#node-pack-loader';
import { ArtifactsModule } from './artifacts/artifacts.module.js';
import type { ArtifactLimits } from './artifacts/artifacts.service.js';
import { AtomicNodeRunsModule } from './atomic-node-runs/atomic-node-runs.module.js';
import type { ExecutionOptions } from './atomic-node-runs/atomic-node-runs.service.js';
import { CredentialsModule } from './credentials/credentials.module.js';
import { ToolGatewayCheck } from './credentials/tool-gateway.check.js';
import type { readGrants } from './node-packs/grants.js';
import { NodePacksModule } from './node-packs/node-packs.module.js';
import { NodePacksCheck } from './node-packs/node-packs.service.js';

/** What the executor is given. */
export interface AtomicExecutorDependencies {
  readonly packs: LoadedPacks;
  readonly grants: ReturnType<typeof readGrants>;
  readonly execution: ExecutionOptions;
  readonly artifacts: ArtifactLimits;
  /** Undefined: there are none. */
  readonly credentials: CredentialsApi | undefined;
  readonly auth: AuthRules;
  readonly logger: Logger;
}

@Module({})
export class AtomicExecutorModule {
  static of(service: ServiceDescription, dependencies: AtomicExecutorDependencies): DynamicModule {
    const { packs, grants, execution, artifacts, credentials, auth, logger } = dependencies;
    const packsModule = NodePacksModule.of(packs, grants);
    const artifactsModule = ArtifactsModule.of(artifacts);
    const credentialsModule = CredentialsModule.of(credentials, grants, logger);
    const checks = [NodePacksCheck, ...(credentials === undefined ? [] : [new ToolGatewayCheck(credentials)])];
    return {
      module: AtomicExecutorModule,
      imports: [
        AuthModule.of(auth, logger),
        packsModule,
        artifactsModule,
        AtomicNodeRunsModule.of([packsModule, artifactsModule, credentialsModule], execution, logger),
        HealthModule.of(service, checks, [packsModule]),
      ],
    };
  }
}
