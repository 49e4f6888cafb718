import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { LOGGER } from '#http';
import type { Logger } from '#http';
import { AtomicNodeRunsController } from './atomic-node-runs.controller.js';
import { AtomicNodeRunsService, EXECUTION_OPTIONS } from './atomic-node-runs.service.js';
import type { ExecutionOptions } from './atomic-node-runs.service.js';

@Module({})
export class AtomicNodeRunsModule {
  /** @param imports the modules of node packs, artifacts and credentials */
  static of(imports: DynamicModule[], options: ExecutionOptions, logger: Logger): DynamicModule {
    return {
      module: AtomicNodeRunsModule,
      imports,
      controllers: [AtomicNodeRunsController],
      providers: [
        { provide: EXECUTION_OPTIONS, useValue: options },
        { provide: LOGGER, useValue: logger },
        AtomicNodeRunsService,
      ],
      exports: [AtomicNodeRunsService],
    };
  }
}
