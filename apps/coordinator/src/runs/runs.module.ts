import { Module } from '@nestjs/common';
import { EventStreamsModule } from '../event-streams/event-streams.module.js';
import { NodeTypesModule } from '../node-types/node-types.module.js';
import { RunStoreModule } from '../run-store/run-store.module.js';
import { RunsController } from './runs.controller.js';
import { RunsService } from './runs.service.js';

@Module({
  imports: [RunStoreModule, EventStreamsModule, NodeTypesModule],
  controllers: [RunsController],
  providers: [RunsService],
  exports: [RunsService],
})
export class RunsModule {}
