import { Module } from '@nestjs/common';
import { AssignmentsModule } from '../assignments/assignments.module.js';
import { EventStreamsModule } from '../event-streams/event-streams.module.js';
import { NodeTypesModule } from '../node-types/node-types.module.js';
import { RunStoreModule } from '../run-store/run-store.module.js';
import { NodeRunsController } from './node-runs.controller.js';
import { NodeRunsService } from './node-runs.service.js';

@Module({
  imports: [RunStoreModule, AssignmentsModule, EventStreamsModule, NodeTypesModule],
  controllers: [NodeRunsController],
  providers: [NodeRunsService],
})
export class NodeRunsModule {}
