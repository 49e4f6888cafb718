import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { AtomicNodeRunsController } from './atomic-node-runs.controller.js';
import { AtomicNodeRunsService, EXECUTION_LIMITS } from './atomic-node-runs.service.js';
import type { ExecutionLimits } from './atomic-node-runs.service.js';

@Module({})
export class AtomicNodeRunsModule {
  static of(packs: DynamicModule, limits: ExecutionLimits, logger: Logger): DynamicModule {
    return {
      module: AtomicNodeRunsModule,
      imports: [packs],
      controllers: [AtomicNodeRunsController],
      providers: [
        { provide: EXECUTION_LIMITS, useValue: limits },
        { provide: LOGGER, useValue: logger },
        AtomicNodeRunsService,
      ],
      exports: [AtomicNodeRunsService],
    };
  }
}
