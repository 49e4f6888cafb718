import { Module } from '@nestjs/common';
import { ReadyQueueService } from './ready-queue.service.js';
import { ReadyRepository } from './ready.repository.js';

@Module({ providers: [ReadyRepository, ReadyQueueService], exports: [ReadyQueueService] })
export class ReadyModule {}
