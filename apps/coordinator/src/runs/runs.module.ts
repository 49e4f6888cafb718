import { Module } from '@nestjs/common';
import { FORWARDERS } from '#auth';
import { AssignmentsModule } from '../assignments/assignments.module.js';
import { EventStreamsModule } from '../event-streams/event-streams.module.js';
import { APPROVAL_OPTIONS } from '../lifecycle/approval-options.js';
import type { ApprovalOptions } from '../lifecycle/approval-options.js';
import { ListingsModule } from '../listings/listings.module.js';
import { NodeTypesModule } from '../node-types/node-types.module.js';
import { RunStoreModule } from '../run-store/run-store.module.js';
import { CoordinatorRunsService } from './coordinator-runs.service.js';
import { RUN_START_OPTIONS } from './run-start-options.js';
import type { RunStartOptions } from './run-start-options.js';
import { RunsController } from './runs.controller.js';
import { RunsService } from './runs.service.js';
import { StartIdentityService } from './start-identity.service.js';

@Module({
  imports: [AssignmentsModule, RunStoreModule, EventStreamsModule, ListingsModule, NodeTypesModule],
  controllers: [RunsController],
  providers: [
    {
      provide: RUN_START_OPTIONS,
      useFactory: ({ defaultExpiryMs }: ApprovalOptions, forwarders: readonly string[]): RunStartOptions => ({
        approvalExpiryMs: defaultExpiryMs,
        forwarders,
      }),
      inject: [APPROVAL_OPTIONS, FORWARDERS],
    },
    StartIdentityService,
    RunsService,
    CoordinatorRunsService,
  ],
  exports: [CoordinatorRunsService],
})
export class RunsModule {}
