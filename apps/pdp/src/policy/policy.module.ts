import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { PolicyCheckpoint } from '#policy';
import { NodeTypesService } from '../node-types/node-types.service.js';
import { PolicyController } from './policy.controller.js';
import { PolicyService } from './policy.service.js';

@Module({})
export class PolicyModule {
  static of(checkpoint: PolicyCheckpoint, nodeTypes: NodeTypesService): DynamicModule {
    return {
      module: PolicyModule,
      controllers: [PolicyController],
      providers: [
        { provide: PolicyCheckpoint, useValue: checkpoint },
        { provide: NodeTypesService, useValue: nodeTypes },
        PolicyService,
      ],
    };
  }
}
