import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ApprovalsApi } from '#contract';
import { approvalsController } from '#http';

/** The approval endpoints in front of whatever implements them. */
@Module({})
export class ApprovalsModule {
  static of(approvals: ApprovalsApi): DynamicModule {
    return {
      module: ApprovalsModule,
      controllers: [
        approvalsController(['run_coordinator_unavailable', 'database_unavailable', 'token_request_failed']),
      ],
      providers: [{ provide: ApprovalsApi, useValue: approvals }],
    };
  }
}
