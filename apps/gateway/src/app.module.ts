import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { RunsApi } from '#contract';
import { HealthModule } from '#http';
import type { ServiceDescription } from '#http';
import { RunCoordinatorCheck } from './runs/run-coordinator.check.js';
import { RunsModule } from './runs/runs.module.js';

@Module({})
export class GatewayModule {
  static of(service: ServiceDescription, runs: RunsApi, forwarders: readonly string[]): DynamicModule {
    const runsModule = RunsModule.of(runs, forwarders);
    return {
      module: GatewayModule,
      imports: [runsModule, HealthModule.of(service, [RunCoordinatorCheck], [runsModule])],
    };
  }
}
