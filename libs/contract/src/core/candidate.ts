import type { Extensions } from '../common/extensions.js';
import { Metadata } from '../common/metadata.js';
import { ExtensionsField, NumberField, ObjectField, StringField } from '../fields/fields.js';
import { ConstraintEnvelope } from './constraint-envelope.js';
import { NodeTypeRef } from './node-type-ref.js';

/** A node type that could do a subtask. (`core/candidate.schema.json`) */
export class Candidate {
  @ObjectField(() => NodeTypeRef)
  node_type_ref!: NodeTypeRef;

  @NumberField({ optional: true })
  score?: number;

  @StringField({ optional: true })
  rationale?: string;

  @ObjectField(() => ConstraintEnvelope, { optional: true })
  constraints?: ConstraintEnvelope;

  @ObjectField(() => Metadata, { optional: true })
  metadata?: Metadata;

  @ExtensionsField()
  extensions?: Extensions;
}
