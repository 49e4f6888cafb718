import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { LoadedPacks } from '#node-pack-loader';
import type { readGrants } from './grants.js';
import { NodePacksController } from './node-packs.controller.js';
import { LOADED_PACKS, NodePacksService, PACK_GRANTS } from './node-packs.service.js';

@Module({})
export class NodePacksModule {
  static of(packs: LoadedPacks, grants: ReturnType<typeof readGrants>): DynamicModule {
    return {
      module: NodePacksModule,
      controllers: [NodePacksController],
      providers: [
        { provide: LOADED_PACKS, useValue: packs },
        { provide: PACK_GRANTS, useValue: grants },
        NodePacksService,
      ],
      exports: [NodePacksService],
    };
  }
}
