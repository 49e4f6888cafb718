import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AuthModule } from '#auth';
import type { AuthRules } from '#auth';
import { HealthModule } from '#http';
import type { DependencyCheck, Logger, ServiceDescription } from '#http';
import type { PolicyCheckpoint } from '#policy';
import type { NodeTypesService } from './node-types/node-types.service.js';
import { PolicyModule } from './policy/policy.module.js';

/** What the policy decision point is given. */
export interface PdpDependencies {
  readonly checkpoint: PolicyCheckpoint;
  readonly nodeTypes: NodeTypesService;
  readonly checks: readonly DependencyCheck[];
  readonly auth: AuthRules;
  readonly logger: Logger;
}

@Module({})
export class PdpModule {
  static of(service: ServiceDescription, dependencies: PdpDependencies): DynamicModule {
    const { checkpoint, nodeTypes, checks, auth, logger } = dependencies;
    return {
      module: PdpModule,
      imports: [AuthModule.of(auth, logger), PolicyModule.of(checkpoint, nodeTypes), HealthModule.of(service, checks)],
    };
  }
}
