import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ApprovalsApi } from '#contract';
import { ApprovalsController } from './approvals.controller.js';

/** The approval endpoints in front of whatever implements them. */
@Module({})
export class ApprovalsModule {
  static of(approvals: ApprovalsApi): DynamicModule {
    return {
      module: ApprovalsModule,
      controllers: [ApprovalsController],
      providers: [{ provide: ApprovalsApi, useValue: approvals }],
    };
  }
}
