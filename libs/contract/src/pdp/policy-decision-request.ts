import type { Extensions } from '../common/extensions.js';
import { ConstraintEnvelope } from '../core/constraint-envelope.js';
import { NodeTypeRef } from '../core/node-type-ref.js';
import { RunContext } from '../core/run-context.js';
import { ExtensionsField, JsonObjectField, ObjectField, StringField } from '../fields/fields.js';

/** Asks whether an act is allowed. (`pdp/policy/policy_decision_request.schema.json`) */
export class PolicyDecisionRequest {
  @StringField()
  action!: string;

  @StringField({ optional: true })
  run_id?: string;

  @StringField({ optional: true })
  node_run_id?: string;

  @ObjectField(() => NodeTypeRef, { optional: true })
  node_type_ref?: NodeTypeRef;

  @ObjectField(() => RunContext, { optional: true })
  run_context?: RunContext;

  @ObjectField(() => ConstraintEnvelope, { optional: true })
  constraints?: ConstraintEnvelope;

  @JsonObjectField({ optional: true })
  context?: Record<string, unknown>;

  @ExtensionsField()
  extensions?: Extensions;
}
