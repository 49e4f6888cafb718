import type { Extensions } from '../common/extensions.js';
import { Metadata } from '../common/metadata.js';
import {
  EnumField,
  ExtensionsField,
  JsonObjectField,
  ObjectField,
  StringArrayField,
  StringField,
} from '../fields/fields.js';
import { ConstraintEnvelope } from './constraint-envelope.js';
import { NODE_KINDS } from './node-kind.js';
import type { NodeKind } from './node-kind.js';

/** What can be executed: identity, kind and schemas. (`core/node_type.schema.json`) */
export class NodeType {
  @StringField()
  node_type_id!: string;

  @StringField()
  version!: string;

  @EnumField(NODE_KINDS)
  kind!: NodeKind;

  @StringField({ optional: true })
  description?: string;

  @JsonObjectField({ optional: true })
  input_schema?: Record<string, unknown>;

  @JsonObjectField({ optional: true })
  output_schema?: Record<string, unknown>;

  @ObjectField(() => ConstraintEnvelope, { optional: true })
  constraints?: ConstraintEnvelope;

  @JsonObjectField({ optional: true })
  evaluation?: Record<string, unknown>;

  @StringArrayField({ optional: true })
  preferred_executor_types?: string[];

  @ObjectField(() => Metadata, { optional: true })
  metadata?: Metadata;

  @ExtensionsField()
  extensions?: Extensions;
}
