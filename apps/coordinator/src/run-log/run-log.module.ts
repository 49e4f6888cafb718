import { Module } from '@nestjs/common';
import { RunLogRepository } from './run-log.repository.js';
import { RunLogService } from './run-log.service.js';

@Module({ providers: [RunLogRepository, RunLogService], exports: [RunLogService] })
export class RunLogModule {}
