import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { HealthModule } from '#http';
import type { Logger, ServiceDescription } from '#http';
import type { LoadedPacks } from '#node-pack-loader';
import { AtomicNodeRunsModule } from './atomic-node-runs/atomic-node-runs.module.js';
import type { ExecutionLimits } from './atomic-node-runs/atomic-node-runs.service.js';
import { NodePacksModule } from './node-packs/node-packs.module.js';
import { NodePacksCheck } from './node-packs/node-packs.service.js';

/** What the executor is given. */
export interface AtomicExecutorDependencies {
  readonly packs: LoadedPacks;
  readonly limits: ExecutionLimits;
  readonly logger: Logger;
}

@Module({})
export class AtomicExecutorModule {
  static of(service: ServiceDescription, { packs, limits, logger }: AtomicExecutorDependencies): DynamicModule {
    const packsModule = NodePacksModule.of(packs);
    return {
      module: AtomicExecutorModule,
      imports: [
        packsModule,
        AtomicNodeRunsModule.of(packsModule, limits, logger),
        HealthModule.of(service, [NodePacksCheck], [packsModule]),
      ],
    };
  }
}
