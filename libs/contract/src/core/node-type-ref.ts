import type { Extensions } from '../common/extensions.js';
import { ExtensionsField, StringField } from '../fields/fields.js';

/** Names a node type in one version. (`core/node_type_ref.schema.json`) */
export class NodeTypeRef {
  @StringField()
  node_type_id!: string;

  @StringField()
  version!: string;

  @ExtensionsField()
  extensions?: Extensions;
}
