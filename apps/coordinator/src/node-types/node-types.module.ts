import { Module } from '@nestjs/common';
import { NodeTypesService } from './node-types.service.js';

@Module({ providers: [NodeTypesService], exports: [NodeTypesService] })
export class NodeTypesModule {}
