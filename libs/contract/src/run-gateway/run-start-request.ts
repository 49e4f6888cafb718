import type { Extensions } from '../common/extensions.js';
import { Metadata } from '../common/metadata.js';
import { ConstraintEnvelope } from '../core/constraint-envelope.js';
import { NodeTypeRef } from '../core/node-type-ref.js';
import { RunContext } from '../core/run-context.js';
import { ExtensionsField, JsonObjectField, ObjectField, StringField } from '../fields/fields.js';

/** Starts a run. (`run_gateway/runs/run_start_request.schema.json`) */
export class RunStartRequest {
  @StringField({
    optional: true,
    description: 'Chosen by the caller to make the start idempotent; made by the service when absent.',
  })
  run_id?: string;

  @ObjectField(() => NodeTypeRef)
  root_node_type_ref!: NodeTypeRef;

  @JsonObjectField()
  input!: Record<string, unknown>;

  @ObjectField(() => RunContext, { optional: true })
  run_context?: RunContext;

  @ObjectField(() => ConstraintEnvelope, { optional: true })
  constraints?: ConstraintEnvelope;

  @ObjectField(() => Metadata, { optional: true })
  metadata?: Metadata;

  @ExtensionsField()
  extensions?: Extensions;
}
