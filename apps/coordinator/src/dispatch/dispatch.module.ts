import { Module } from '@nestjs/common';
import { NodeTypesModule } from '../node-types/node-types.module.js';
import { NodeRunsModule } from '../node-runs/node-runs.module.js';
import { ReadyModule } from '../ready/ready.module.js';
import { DispatcherService } from './dispatcher.service.js';
import { ExecutorCancellationService } from './executor-cancellation.service.js';
import { NodeRunRunnerService } from './node-run-runner.service.js';

@Module({
  imports: [ReadyModule, NodeRunsModule, NodeTypesModule],
  providers: [NodeRunRunnerService, DispatcherService, ExecutorCancellationService],
})
export class DispatchModule {}
