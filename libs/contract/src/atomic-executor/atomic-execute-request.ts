import type { Extensions } from '../common/extensions.js';
import { ConstraintEnvelope } from '../core/constraint-envelope.js';
import { NodeTypeRef } from '../core/node-type-ref.js';
import { RunContext } from '../core/run-context.js';
import { ExtensionsField, JsonObjectField, ObjectField, StringField } from '../fields/fields.js';

/**
 * Asks an Atomic Executor to run one atomic node run now.
 * (`atomic_executor/node_runs/atomic_execute_request.schema.json`)
 */
export class AtomicExecuteRequest {
  @StringField()
  node_run_id!: string;

  @StringField()
  run_id!: string;

  @ObjectField(() => NodeTypeRef)
  node_type_ref!: NodeTypeRef;

  @JsonObjectField()
  inputs!: Record<string, unknown>;

  @ObjectField(() => RunContext, { optional: true })
  run_context?: RunContext;

  @ObjectField(() => ConstraintEnvelope, { optional: true })
  constraints?: ConstraintEnvelope;

  @ExtensionsField()
  extensions?: Extensions;
}
