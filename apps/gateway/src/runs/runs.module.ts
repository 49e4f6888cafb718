import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { FORWARDERS } from '#auth';
import { RunsApi } from '#contract';
import { RunsController } from './runs.controller.js';

/** The run endpoints in front of whatever implements them. */
@Module({})
export class RunsModule {
  /** @param forwarders clients that pass requests of others on */
  static of(runs: RunsApi, forwarders: readonly string[]): DynamicModule {
    return {
      module: RunsModule,
      controllers: [RunsController],
      providers: [
        { provide: RunsApi, useValue: runs },
        { provide: FORWARDERS, useValue: forwarders },
      ],
    };
  }
}
