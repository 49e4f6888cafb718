import { Module } from '@nestjs/common';
import { AssignmentsModule } from '../assignments/assignments.module.js';
import { EventStreamsModule } from '../event-streams/event-streams.module.js';
import { ListingsModule } from '../listings/listings.module.js';
import { NodeTypesModule } from '../node-types/node-types.module.js';
import { RunStoreModule } from '../run-store/run-store.module.js';
import { CoordinatorRunsService } from './coordinator-runs.service.js';
import { RunsController } from './runs.controller.js';
import { RunsService } from './runs.service.js';
import { StartIdentityService } from './start-identity.service.js';

@Module({
  imports: [AssignmentsModule, RunStoreModule, EventStreamsModule, ListingsModule, NodeTypesModule],
  controllers: [RunsController],
  providers: [StartIdentityService, RunsService, CoordinatorRunsService],
  exports: [CoordinatorRunsService],
})
export class RunsModule {}
