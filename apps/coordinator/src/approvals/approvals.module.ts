import { Module } from '@nestjs/common';
import { ApprovalsApi } from '#contract';
import { approvalsController } from '#http';
import { RunStoreModule } from '../run-store/run-store.module.js';
import { ApprovalNoticesRepository } from './approval-notices.repository.js';
import { ApprovalNoticesService } from './approval-notices.service.js';
import { ApprovalsRepository } from './approvals.repository.js';
import { ApprovalsService } from './approvals.service.js';

@Module({
  imports: [RunStoreModule],
  controllers: [approvalsController(['database_unavailable'])],
  providers: [
    ApprovalsRepository,
    ApprovalsService,
    { provide: ApprovalsApi, useExisting: ApprovalsService },
    ApprovalNoticesRepository,
    ApprovalNoticesService,
  ],
  exports: [ApprovalsService],
})
export class ApprovalsModule {}
