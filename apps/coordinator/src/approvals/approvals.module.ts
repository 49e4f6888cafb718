import { Module } from '@nestjs/common';
import { RunStoreModule } from '../run-store/run-store.module.js';
import { ApprovalNoticesRepository } from './approval-notices.repository.js';
import { ApprovalNoticesService } from './approval-notices.service.js';
import { ApprovalsController } from './approvals.controller.js';
import { ApprovalsRepository } from './approvals.repository.js';
import { ApprovalsService } from './approvals.service.js';

@Module({
  imports: [RunStoreModule],
  controllers: [ApprovalsController],
  providers: [ApprovalsRepository, ApprovalsService, ApprovalNoticesRepository, ApprovalNoticesService],
  exports: [ApprovalsService],
})
export class ApprovalsModule {}
