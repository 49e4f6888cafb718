import type { EndpointLocator } from '../common/endpoint-locator.js';
import type { Extensions } from '../common/extensions.js';
import { ConstraintEnvelope } from '../core/constraint-envelope.js';
import { NodeTypeRef } from '../core/node-type-ref.js';
import { RunContext } from '../core/run-context.js';
import { ExtensionsField, JsonObjectField, ObjectField, StringField } from '../fields/fields.js';

/**
 * Hands a composite node run to a Composite Executor, which reports to `coordinator_endpoint`.
 * (`composite_executor/node_runs/composite_begin_request.schema.json`)
 */
export class CompositeBeginRequest {
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

  @StringField({ format: 'uri' })
  coordinator_endpoint!: EndpointLocator;

  @StringField({ optional: true, description: 'Bearer token for reporting on this node run.' })
  assignment_token?: string;

  @ExtensionsField()
  extensions?: Extensions;
}
