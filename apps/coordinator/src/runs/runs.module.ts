import { Module } from '@nestjs/common';
import { ListingsModule } from '../listings/listings.module.js';
import { NodeKindsModule } from '../node-kinds/node-kinds.module.js';
import { NodeRunsModule } from '../node-runs/node-runs.module.js';
import { RunLogModule } from '../run-log/run-log.module.js';
import { CoordinatorRunsService } from './coordinator-runs.service.js';
import { RunsController } from './runs.controller.js';
import { RunsService } from './runs.service.js';

@Module({
  imports: [RunLogModule, NodeRunsModule, NodeKindsModule, ListingsModule],
  controllers: [RunsController],
  providers: [RunsService, CoordinatorRunsService],
  exports: [CoordinatorRunsService],
})
export class RunsModule {}
