import { Controller, Get } from '@nestjs/common';
import { NodeType } from '#contract';
import { Endpoint } from '#http';
import { NodePacksService } from './node-packs.service.js';

@Controller('v1')
export class NodeTypesController {
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
}
