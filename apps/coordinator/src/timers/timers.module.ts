import { Module } from '@nestjs/common';
import { DueWorkModule } from '../due-work/due-work.module.js';
import { RunStoreModule } from '../run-store/run-store.module.js';
import { TimersRepository } from './timers.repository.js';
import { TimersService } from './timers.service.js';

@Module({
  imports: [DueWorkModule, RunStoreModule],
  providers: [TimersRepository, TimersService],
  exports: [TimersService],
})
export class TimersModule {}
