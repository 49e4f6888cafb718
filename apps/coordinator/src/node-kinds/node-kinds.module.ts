import { Module } from '@nestjs/common';
import { NodeKindsService } from './node-kinds.service.js';

@Module({ providers: [NodeKindsService], exports: [NodeKindsService] })
export class NodeKindsModule {}
