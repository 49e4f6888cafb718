import type { Extensions } from '../common/extensions.js';
import { EnumField, ExtensionsField, StringField } from '../fields/fields.js';
import { NODE_KINDS } from './node-kind.js';
import type { NodeKind } from './node-kind.js';

/** A kind of executor. (`core/executor_type.schema.json`) */
export class ExecutorType {
  @StringField()
  executor_type_id!: string;

  @EnumField(NODE_KINDS)
  kind!: NodeKind;

  @StringField({ optional: true })
  description?: string;

  @ExtensionsField()
  extensions?: Extensions;
}
