import type { Extensions } from '../common/extensions.js';
import { ConstraintEnvelope } from '../core/constraint-envelope.js';
import { RunContext } from '../core/run-context.js';
import { SubtaskSpec } from '../core/subtask-spec.js';
import { ExtensionsField, ObjectField } from '../fields/fields.js';

/** Asks for candidates for a subtask. (`selection/candidate_sets/candidate_set_request.schema.json`) */
export class CandidateSetRequest {
  @ObjectField(() => SubtaskSpec)
  subtask_spec!: SubtaskSpec;

  @ObjectField(() => RunContext, { optional: true })
  run_context?: RunContext;

  @ObjectField(() => ConstraintEnvelope, { optional: true })
  constraints?: ConstraintEnvelope;

  @ExtensionsField()
  extensions?: Extensions;
}
