import type { Extensions } from '../common/extensions.js';
import { Metadata } from '../common/metadata.js';
import { ExtensionsField, JsonObjectField, ObjectField, StringField } from '../fields/fields.js';
import { ConstraintEnvelope } from './constraint-envelope.js';

/** A part of the work for which a node type is sought. (`core/subtask_spec.schema.json`) */
export class SubtaskSpec {
  @StringField()
  subtask_id!: string;

  @StringField()
  goal!: string;

  @ObjectField(() => ConstraintEnvelope, { optional: true })
  constraints?: ConstraintEnvelope;

  @JsonObjectField({ optional: true })
  expected_output_schema?: Record<string, unknown>;

  @ObjectField(() => Metadata, { optional: true })
  metadata?: Metadata;

  @ExtensionsField()
  extensions?: Extensions;
}
