import { Module } from '@nestjs/common';
import { AssignmentsModule } from '../assignments/assignments.module.js';
import { DueWorkModule } from '../due-work/due-work.module.js';
import { MembershipModule } from '../membership/membership.module.js';
import { NodeTypesModule } from '../node-types/node-types.module.js';
import { RunStoreModule } from '../run-store/run-store.module.js';
import { TimersModule } from '../timers/timers.module.js';
import { AdmissionService } from './admission.service.js';
import { CancelNoticesService } from './cancel-notices.service.js';
import { DispatcherService } from './dispatcher.service.js';
import { ExecutorCallsService } from './executor-calls.service.js';
import { NodeRunRunnerService } from './node-run-runner.service.js';

@Module({
  imports: [RunStoreModule, DueWorkModule, MembershipModule, TimersModule, NodeTypesModule, AssignmentsModule],
  providers: [ExecutorCallsService, AdmissionService, NodeRunRunnerService, DispatcherService, CancelNoticesService],
})
export class DispatchModule {}
