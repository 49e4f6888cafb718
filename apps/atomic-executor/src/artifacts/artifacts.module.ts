import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ArtifactsController } from './artifacts.controller.js';
import { ARTIFACT_LIMITS, ArtifactsService } from './artifacts.service.js';
import type { ArtifactLimits } from './artifacts.service.js';

@Module({})
export class ArtifactsModule {
  static of(limits: ArtifactLimits): DynamicModule {
    return {
      module: ArtifactsModule,
      controllers: [ArtifactsController],
      providers: [{ provide: ARTIFACT_LIMITS, useValue: limits }, ArtifactsService],
      exports: [ArtifactsService],
    };
  }
}
