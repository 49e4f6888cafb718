import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AuthModule } from '#auth';
import type { AuthRules } from '#auth';
import type { ApprovalsApi, RunsApi } from '#contract';
import { HealthModule } from '#http';
import type { Logger, ServiceDescription } from '#http';
import { ApprovalsModule } from './approvals/approvals.module.js';
import { RunCoordinatorCheck } from './runs/run-coordinator.check.js';
import { RunsModule } from './runs/runs.module.js';

@Module({})
export class GatewayModule {
  static of(
    service: ServiceDescription,
    peers: { readonly runs: RunsApi; readonly approvals: ApprovalsApi },
    auth: AuthRules,
    logger: Logger,
  ): DynamicModule {
    const runsModule = RunsModule.of(peers.runs, auth.forwarders);
    return {
      module: GatewayModule,
      imports: [
        AuthModule.of(auth, logger),
        runsModule,
        ApprovalsModule.of(peers.approvals),
        HealthModule.of(service, [RunCoordinatorCheck], [runsModule]),
      ],
    };
  }
}
