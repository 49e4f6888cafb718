import { Module } from '@nestjs/common';
import { RunReadsRepository } from './run-reads.repository.js';
import { RunReadsService } from './run-reads.service.js';
import { RunStoreService } from './run-store.service.js';
import { RunWritesRepository } from './run-writes.repository.js';

@Module({
  providers: [RunWritesRepository, RunStoreService, RunReadsRepository, RunReadsService],
  exports: [RunStoreService, RunReadsService],
})
export class RunStoreModule {}
