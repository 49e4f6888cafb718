import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { RunsApi } from '#contract';
import { RunsController } from './runs.controller.js';

/** The run endpoints in front of whatever implements them. */
@Module({})
export class RunsModule {
  static of(runs: RunsApi): DynamicModule {
    return {
      module: RunsModule,
      controllers: [RunsController],
      providers: [{ provide: RunsApi, useValue: runs }],
      exports: [RunsApi],
    };
  }
}
