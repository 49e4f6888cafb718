import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AuthModule } from '#auth';
import type { AuthRules } from '#auth';
import { RunCoordinatorCheck } from '#clients';
import type { ApprovalsApi, RunsApi } from '#contract';
import { HealthModule } from '#http';
import type { Logger, ServiceDescription } from '#http';
import { ApprovalsModule } from './approvals/approvals.module.js';
import { RunsModule } from './runs/runs.module.js';

@Module({})
export class GatewayModule {
  static of(
    service: ServiceDescription,
    peers: { readonly runs: RunsApi; readonly approvals: ApprovalsApi },
    auth: AuthRules,
    logger: Logger,
  ): DynamicModule {
    return {
      module: GatewayModule,
      imports: [
        AuthModule.of(auth, logger),
        RunsModule.of(peers.runs, auth.forwarders),
        ApprovalsModule.of(peers.approvals),
        // Nothing can be forwarded while the coordinator does not answer.
        HealthModule.of(service, [new RunCoordinatorCheck(peers.runs, true)]),
      ],
    };
  }
}
