import { Module } from '@nestjs/common';
import { EventStreamsModule } from '../event-streams/event-streams.module.js';
import { RunLogRepository } from './run-log.repository.js';
import { RunLogService } from './run-log.service.js';

@Module({
  imports: [EventStreamsModule],
  providers: [RunLogRepository, RunLogService],
  exports: [RunLogService],
})
export class RunLogModule {}
