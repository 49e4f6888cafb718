import { Module } from '@nestjs/common';
import { AssignmentsModule } from '../assignments/assignments.module.js';
import { NodeTypesModule } from '../node-types/node-types.module.js';
import { ReadyModule } from '../ready/ready.module.js';
import { RunLogModule } from '../run-log/run-log.module.js';
import { NodeRunEndingService } from './node-run-ending.service.js';
import { NodeRunExecutionService } from './node-run-execution.service.js';
import { NodeRunsController } from './node-runs.controller.js';
import { NodeRunsRepository } from './node-runs.repository.js';
import { NodeRunsService } from './node-runs.service.js';

@Module({
  imports: [AssignmentsModule, RunLogModule, ReadyModule, NodeTypesModule],
  controllers: [NodeRunsController],
  providers: [NodeRunsRepository, NodeRunEndingService, NodeRunsService, NodeRunExecutionService],
  exports: [NodeRunsService, NodeRunEndingService, NodeRunExecutionService],
})
export class NodeRunsModule {}
