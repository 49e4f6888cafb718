import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { LoadedPacks } from '#node-pack-loader';
import { LOADED_PACKS, NodePacksService } from './node-packs.service.js';
import { NodeTypesController } from './node-types.controller.js';

@Module({})
export class NodePacksModule {
  static of(packs: LoadedPacks): DynamicModule {
    return {
      module: NodePacksModule,
      controllers: [NodeTypesController],
      providers: [{ provide: LOADED_PACKS, useValue: packs }, NodePacksService],
      exports: [NodePacksService],
    };
  }
}
