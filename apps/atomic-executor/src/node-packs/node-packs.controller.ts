import { Controller, Get } from '@nestjs/common';
import { NodePack, NodeType } from '#contract';
import { Endpoint } from '#http';
import { NodePacksService } from './node-packs.service.js';

@Controller('v1')
export class NodePacksController {
  constructor(private readonly packs: NodePacksService) {}

  /** Beyond the standard: the coordinator asks here for the kind of a node type while there is no node registry. */
  @Get('node-types')
  @Endpoint({
    operationId: 'list_node_types',
    summary: 'List the node types of the loaded node packs',
    tag: 'node_types',
    access: 'node_type.read',
    responds: [NodeType],
    description: 'Node types, ordered by id',
  })
  listNodeTypes(): NodeType[] {
    return this.packs.listNodeTypes();
  }

  @Get('node-packs')
  @Endpoint({
    operationId: 'list_node_packs',
    summary: 'List the node packs that were found, loaded and refused (beyond the standard)',
    tag: 'node_packs',
    access: 'node_pack.read',
    responds: [NodePack],
    description: 'Loaded packs, then refused ones with the reason',
  })
  listNodePacks(): NodePack[] {
    return this.packs.listNodePacks();
  }
}
