import { Module } from '@nestjs/common';
import { NodeTypesModule } from '../node-types/node-types.module.js';
import { NodeRunsModule } from '../node-runs/node-runs.module.js';
import { RunLogModule } from '../run-log/run-log.module.js';
import { RunsController } from './runs.controller.js';
import { RunsService } from './runs.service.js';

@Module({
  imports: [RunLogModule, NodeRunsModule, NodeTypesModule],
  controllers: [RunsController],
  providers: [RunsService],
  exports: [RunsService],
})
export class RunsModule {}
