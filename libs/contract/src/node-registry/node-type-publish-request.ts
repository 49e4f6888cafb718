import type { Extensions } from '../common/extensions.js';
import { NodeType } from '../core/node-type.js';
import { ExtensionsField, ObjectField } from '../fields/fields.js';

/** Adds a node type to a registry. (`node_registry/node_types/node_type_publish_request.schema.json`) */
export class NodeTypePublishRequest {
  @ObjectField(() => NodeType)
  node_type!: NodeType;

  @ExtensionsField()
  extensions?: Extensions;
}
