import { Module } from '@nestjs/common';
import { EventStreamsModule } from '../event-streams/event-streams.module.js';
import { ListingsModule } from '../listings/listings.module.js';
import { NodeTypesModule } from '../node-types/node-types.module.js';
import { RunStoreModule } from '../run-store/run-store.module.js';
import { CoordinatorRunsService } from './coordinator-runs.service.js';
import { RunsController } from './runs.controller.js';
import { RunsService } from './runs.service.js';

@Module({
  imports: [RunStoreModule, EventStreamsModule, ListingsModule, NodeTypesModule],
  controllers: [RunsController],
  providers: [RunsService, CoordinatorRunsService],
  exports: [CoordinatorRunsService],
})
export class RunsModule {}
