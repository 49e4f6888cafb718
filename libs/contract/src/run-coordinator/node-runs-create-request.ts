import type { Extensions } from '../common/extensions.js';
import { Metadata } from '../common/metadata.js';
import { BindingDecision } from '../core/binding-decision.js';
import { ConstraintEnvelope } from '../core/constraint-envelope.js';
import { NodeTypeRef } from '../core/node-type-ref.js';
import { ExtensionsField, JsonObjectField, ObjectArrayField, ObjectField, StringField } from '../fields/fields.js';

/** One child to create. */
export class NodeRunCreateSpec {
  @ObjectField(() => NodeTypeRef)
  node_type_ref!: NodeTypeRef;

  @JsonObjectField()
  inputs!: Record<string, unknown>;

  @ObjectField(() => ConstraintEnvelope, { optional: true })
  constraints?: ConstraintEnvelope;

  @StringField({ optional: true })
  candidate_set_id?: string;

  @ObjectField(() => BindingDecision, { optional: true })
  binding_decision?: BindingDecision;

  @StringField({ optional: true })
  requested_executor_instance_id?: string;

  @StringField({ optional: true, description: 'Unique below one parent: the same key again is the same node run.' })
  idempotency_key?: string;

  @ObjectField(() => Metadata, { optional: true })
  metadata?: Metadata;

  @ExtensionsField()
  extensions?: Extensions;
}

/** Creates children of a composite node run. (`run_coordinator/node_runs/node_runs_create_request.schema.json`) */
export class NodeRunsCreateRequest {
  @StringField()
  run_id!: string;

  @StringField()
  parent_node_run_id!: string;

  @ObjectArrayField(() => NodeRunCreateSpec, { minItems: 1 })
  node_runs!: NodeRunCreateSpec[];

  @ExtensionsField()
  extensions?: Extensions;
}
