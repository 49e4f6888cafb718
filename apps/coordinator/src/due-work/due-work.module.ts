import { Module } from '@nestjs/common';
import { RunStoreModule } from '../run-store/run-store.module.js';
import { DueWorkRepository } from './due-work.repository.js';
import { DueWorkService } from './due-work.service.js';

@Module({ imports: [RunStoreModule], providers: [DueWorkRepository, DueWorkService], exports: [DueWorkService] })
export class DueWorkModule {}
