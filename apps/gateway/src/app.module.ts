import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AuthModule } from '#auth';
import type { AuthRules } from '#auth';
import type { RunsApi } from '#contract';
import { HealthModule } from '#http';
import type { Logger, ServiceDescription } from '#http';
import { RunCoordinatorCheck } from './runs/run-coordinator.check.js';
import { RunsModule } from './runs/runs.module.js';

@Module({})
export class GatewayModule {
  static of(service: ServiceDescription, runs: RunsApi, auth: AuthRules, logger: Logger): DynamicModule {
    const runsModule = RunsModule.of(runs, auth.forwarders);
    return {
      module: GatewayModule,
      imports: [AuthModule.of(auth, logger), runsModule, HealthModule.of(service, [RunCoordinatorCheck], [runsModule])],
    };
  }
}
